import type { EventRecord } from '../../../contracts/event/types.ts';

const encoder = new TextEncoder();
const made = new WeakMap<EventRecord, Uint8Array>();

export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** One server-sent event; made once however many clients it goes to. An event that is not kept has no id to resume at. */
export function eventBytes(event: EventRecord): Uint8Array {
  const known = made.get(event);
  if (known !== undefined) return known;
  const id = event.position === '' ? '' : `id: ${event.position}\n`;
  const bytes = encodeText(`${id}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  made.set(event, bytes);
  return bytes;
}

/** Events were left out because the client reads too slowly. It has no id: reconnecting resumes before the gap. */
export function gapBytes(after: string): Uint8Array {
  return encodeText(`event: gap\ndata: ${JSON.stringify({ after })}\n\n`);
}
