/** One server-sent event. */
export interface ServerEvent {
  id: string | null;
  type: string;
  data: string;
}

/** Reads the text of an event stream in any pieces and answers the complete events of each piece. */
export class EventStreamParser {
  /** as the server asks for it, ms, or null */
  retryMs: number | null = null;
  private rest = '';
  private id: string | null = null;
  private type = '';
  private data: string[] = [];

  push(text: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const raw of lines) {
      const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
      if (line !== '') {
        this.field(line);
        continue;
      }
      if (this.data.length > 0) {
        events.push({ id: this.id, type: this.type || 'message', data: this.data.join('\n') });
      }
      this.type = '';
      this.data = [];
    }
    return events;
  }

  private field(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') this.data.push(value);
    else if (name === 'event') this.type = value;
    else if (name === 'id') this.id = value;
    else if (name === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value);
  }
}
