/** One server-sent event. */
export interface ServerEvent {
  id: string | null;
  event: string;
  data: string;
  /** performance.now() when it was read */
  at: number;
}

/**
 * Reads server-sent events until the stream ends or the signal aborts; comments are passed over.
 * @param options `opened` is called when the server has answered
 */
export async function* readServerEvents(
  url: string,
  options: {
    token?: string;
    lastEventId?: string;
    signal?: AbortSignal;
    opened?: () => void;
  } = {},
): AsyncGenerator<ServerEvent> {
  const response = await fetch(url, {
    headers: {
      accept: 'text/event-stream',
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...(options.lastEventId === undefined ? {} : { 'last-event-id': options.lastEventId }),
    },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  if (!response.ok || response.body === null)
    throw new Error(`${String(response.status)} ${await response.text()}`);
  options.opened?.();
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    let end = text.indexOf('\n\n');
    while (end !== -1) {
      const event = parse(text.slice(0, end));
      text = text.slice(end + 2);
      if (event !== null) yield event;
      end = text.indexOf('\n\n');
    }
  }
}

function parse(block: string): ServerEvent | null {
  const event: ServerEvent = { id: null, event: 'message', data: '', at: performance.now() };
  // A block without data (a `retry:` line, a comment) is no event, as in browsers.
  let found = false;
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const value = line.slice(colon + 1).replace(/^ /, '');
    const field = line.slice(0, colon);
    if (field === 'data') {
      event.data += (event.data === '' ? '' : '\n') + value;
      found = true;
    }
    if (field === 'id') event.id = value;
    else if (field === 'event') event.event = value;
  }
  return found ? event : null;
}
