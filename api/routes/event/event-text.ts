import type { EventRecord } from '../../../contracts/event/types.ts';
import { type SharedBytes, shareText } from './event-sink.ts';

const made = new WeakMap<EventRecord, SharedBytes>();

/** One server-sent event; made once however many clients it goes to. An event that is not kept has no id to resume at. */
export function eventBytes(event: EventRecord): SharedBytes {
  const known = made.get(event);
  if (known !== undefined) return known;
  const id = event.position === '' ? '' : `id: ${event.position}\n`;
  const bytes = shareText(`${id}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  made.set(event, bytes);
  return bytes;
}

/** Events were left out because the client reads too slowly. It has no id: reconnecting resumes before the gap. */
export function gapBytes(after: string): SharedBytes {
  return shareText(`event: gap\ndata: ${JSON.stringify({ after })}\n\n`);
}
