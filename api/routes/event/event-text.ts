import type { EventRecord } from '../../../contracts/event/types.ts';

const texts = new WeakMap<EventRecord, string>();

/** One server-sent event; made once however many clients it goes to. An event that is not kept has no id to resume at. */
export function eventText(event: EventRecord): string {
  const known = texts.get(event);
  if (known !== undefined) return known;
  const id = event.position === '' ? '' : `id: ${event.position}\n`;
  const text = `${id}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
  texts.set(event, text);
  return text;
}

/** Events were left out because the client reads too slowly. It has no id: reconnecting resumes before the gap. */
export function gapText(after: string): string {
  return `event: gap\ndata: ${JSON.stringify({ after })}\n\n`;
}
