import type { Readable, Writable } from 'node:stream';
import type { RefUpdate } from '../../contracts/event/types.ts';
import { isReservedRef } from '../../contracts/git/ref-name.ts';
import type { PushProposal } from '../../contracts/git/store.ts';
import { visibleLine } from '../../contracts/shared/plain-text.ts';

/**
 * Limits of one push's list of refs; over them it is refused in words, never let through unread. Those of the server's
 * do not count among the refs: a mirror of another forge may name tens of thousands, and none of them moves.
 */
export const hookLimits = { bytes: 16 * 1024 * 1024, refs: 5000, reservedShown: 5 } as const;

export interface HookMessage {
  kind: 'pre-receive' | 'post-receive';
  quarantinePath: string;
  objectDirectory: string;
  alternateObjectDirectories: string;
  /** options of the push, one line each */
  options: string[];
  /** null when the list is over the limits or cannot be read */
  updates: RefUpdate[] | null;
  reserved: PushProposal['reserved'];
}

const terminator = Buffer.from('\nEND\n');
const updateLine = /^([0-9a-f]{40}) ([0-9a-f]{40}) (.+)$/su;

type Updates = Pick<HookMessage, 'updates' | 'reserved'>;

function parseUpdates(lines: string[]): Updates {
  const updates: RefUpdate[] = [];
  const reserved = { refs: [] as string[], count: 0 };
  const unreadable = { updates: null, reserved };
  for (const line of lines) {
    const [, oldSha, newSha, ref] = updateLine.exec(line) ?? [];
    if (oldSha === undefined || newSha === undefined || ref === undefined) return unreadable;
    if (!isReservedRef(ref)) updates.push({ ref, oldSha, newSha });
    else if ((reserved.count += 1) <= hookLimits.reservedShown) reserved.refs.push(ref);
    if (updates.length > hookLimits.refs) return unreadable;
  }
  return lines.length === 0 ? unreadable : { updates, reserved };
}

function parseMessage(bytes: Buffer, complete: boolean): HookMessage | null {
  // Bytes that are not UTF-8 become U+FFFD, which no ref that may be pushed has.
  const [kind, quarantinePath, objectDirectory, alternates, ...lines] = bytes
    .toString('utf8')
    .split('\n');
  if (kind !== 'pre-receive' && kind !== 'post-receive') return null;
  const isOption = (line: string) => line.startsWith('option ');
  const firstRef = lines.findIndex((line) => !isOption(line));
  const refLines = firstRef === -1 ? [] : lines.slice(firstRef);
  return {
    kind,
    options: lines
      .slice(0, lines.length - refLines.length)
      .map((line) => line.slice('option '.length)),
    quarantinePath: quarantinePath ?? '',
    objectDirectory: objectDirectory ?? '',
    alternateObjectDirectories: alternates ?? '',
    ...(complete ? parseUpdates(refLines) : { updates: null, reserved: { refs: [], count: 0 } }),
  };
}

/** Messages of the hooks in the order they come; ends when git does. A message that cannot be read ends it too. */
export async function* readHookMessages(from: Readable): AsyncGenerator<HookMessage> {
  let kept: Buffer[] = [];
  let bytes = 0;
  let tail = Buffer.alloc(0);
  for await (const chunk of from as AsyncIterable<Buffer>) {
    // Over the limit the rest is read and dropped, for the hook must end its list before it listens.
    if (bytes <= hookLimits.bytes) kept.push(chunk);
    bytes += chunk.length;
    tail = Buffer.concat([tail, chunk]).subarray(-terminator.length);
    if (!tail.equals(terminator)) continue;
    const all = Buffer.concat(kept);
    const complete = bytes === all.length && bytes <= hookLimits.bytes;
    const message = parseMessage(complete ? all.subarray(0, -terminator.length) : all, complete);
    if (message === null) return;
    yield message;
    kept = [];
    bytes = 0;
    tail = Buffer.alloc(0);
  }
}

/** Writes an answer to the waiting hook: lines for the pusher's terminal, then the verdict. */
export function answerHook(to: Writable, lines: readonly string[], verdict: 'ok' | 'no'): void {
  const said = lines.map((line) => `say ${visibleLine(line)}\n`);
  to.write(`${said.join('')}${verdict}\n`);
}
