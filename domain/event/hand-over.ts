import type { EventRecord } from '../../contracts/event/types.ts';
import { DomainError, waitedFor } from '../../contracts/problems.ts';
import { refusalOfDatabase } from '../shared/database-refusal.ts';
import { newId } from '../shared/new-id.ts';
import { withinTime } from '../shared/within-time.ts';
import { describeError, firstTryOf } from './dead-letter-tries.ts';
import { parsePosition } from './event-record.ts';
import type { Cursor, EventTurns } from './event-turns.ts';

export interface HandOverOptions {
  /** failures in a row after which an event becomes a dead letter; 5 unless told, 10 of what everything waits for */
  maxAttempts?: number;
  /** a failure that says nothing of the event (the other side is away): tried again for ever. `unavailable` unless told */
  isTransient?: (error: unknown) => boolean;
  /** an event that is not handled within so many ms has failed; 30 s unless told */
  timeoutMs?: number;
}

export interface HandedOver {
  /** where the consumer stands now, in the database once `isSaved` */
  cursor: Cursor;
  isSaved: boolean;
  outcome: 'handled' | 'dead' | 'again';
  /** of 'again': how long until then, else null */
  retryInMs: number | null;
}

const retryMs = [100, 300, 1_000, 2_000, 5_000];
/** Of a full disk, sealed secrets and their like: all that comes after waits for three minutes. */
const waitedForMs = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000, 60_000, 60_000];
const transientRetryMs = 500;
const usualTimeoutMs = 30_000;

function isTransientByCode(error: unknown): boolean {
  return error instanceof DomainError && error.code === 'unavailable';
}

/** What took too long speaks of one repository: the events of all others do not wait minutes for it, it is tried again anyway. */
function isOfEverything(error: unknown): boolean {
  return error instanceof DomainError && error.code !== 'timed_out' && waitedFor.has(error.code);
}

/**
 * Hands one event to a consumer whose turn is held. A failure is written down at once, with when it is tried again; after
 * `maxAttempts` the event becomes a dead letter. That it was handled is for the caller to save, with those after it.
 * @param given.mayRecord asked right before a failure is written down; false = the turn was lost meanwhile, it is not
 * @throws what the session of the turn throws
 */
export async function handOver(
  turns: EventTurns,
  consumer: string,
  cursor: Cursor,
  given: HandOverOptions & {
    event: EventRecord;
    handle: (event: EventRecord) => Promise<void>;
    mayRecord?: () => boolean;
  },
): Promise<HandedOver> {
  const { event, handle, mayRecord = () => true, ...options } = given;
  const behind = { position: parsePosition(event.position), attempts: 0, retryAt: null };
  try {
    await withinTime(handle(event), options.timeoutMs ?? usualTimeoutMs);
    return { cursor: behind, isSaved: false, outcome: 'handled', retryInMs: null };
  } catch (error) {
    if (!mayRecord()) return { cursor, isSaved: true, outcome: 'again', retryInMs: 0 };
    const attempts = cursor.attempts + 1;
    const waitMs = nextWaitMs(error, attempts, options);
    if (waitMs === null) {
      await bury(turns, consumer, behind, { event, error, attempts });
      return { cursor: behind, isSaved: true, outcome: 'dead', retryInMs: null };
    }
    // What says nothing of the event is not counted against it.
    const isCounted = !(options.isTransient ?? isTransientByCode)(error);
    const retryAt = new Date(Date.now() + waitMs);
    const next = { ...cursor, attempts: isCounted ? attempts : cursor.attempts, retryAt };
    await turns.save(new Map([[consumer, next]]));
    return { cursor: next, isSaved: true, outcome: 'again', retryInMs: waitMs };
  }
}

/** @returns null = it is given up */
function nextWaitMs(error: unknown, attempts: number, options: HandOverOptions): number | null {
  if ((options.isTransient ?? isTransientByCode)(error)) return transientRetryMs;
  // What the database refuses it refuses each time: whatever comes after it must not wait for that.
  const isFinal = refusalOfDatabase(error) !== null;
  const waits = isOfEverything(error) ? waitedForMs : retryMs;
  if (isFinal || attempts >= (options.maxAttempts ?? waits.length)) return null;
  return waits[attempts - 1] ?? 5_000;
}

async function bury(
  turns: EventTurns,
  consumer: string,
  behind: Cursor,
  { event, error, attempts }: { event: EventRecord; error: unknown; attempts: number },
): Promise<void> {
  const nextTryAt = firstTryOf(consumer, event.type, new Date());
  const id = newId('deadLetter');
  const letter = { id, event, error: describeError(error), attempts, nextTryAt };
  await turns.bury(consumer, letter, behind);
}
