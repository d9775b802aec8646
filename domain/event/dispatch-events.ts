import type { EventRecord } from '../../contracts/event/types.ts';
import { DomainError, waitedFor } from '../../contracts/problems.ts';
import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { newId } from '../shared/new-id.ts';
import { refusalOfDatabase } from '../shared/database-refusal.ts';
import { withinTime } from '../shared/within-time.ts';
import { describeError, firstTryOf } from './dead-letter-tries.ts';
import { formatPosition, parsePosition } from './event-record.ts';
import { readEventsAfter } from './read-events.ts';

export interface DispatchOptions {
  /** failures in a row after which an event becomes a dead letter; 5 unless told, 10 of what is waited for (`waitedFor`) */
  maxAttempts?: number;
  /** a failure that says nothing of the event (the other side is away): tried again for ever. `unavailable` unless told */
  isTransient?: (error: unknown) => boolean;
  /**
   * longest time for a batch in ms, after which another dispatcher may start; 60 s unless told. No event is begun after a
   * quarter of it, and one that is not handled within half of it has failed
   */
  timeoutMs?: number;
}

export interface DispatchResult {
  /** events that the handler took, or that became dead letters */
  handled: number;
  deadLetters: number;
  /** another dispatcher of this consumer is at work: nothing was done here */
  busy: boolean;
  /** the next event failed, or is left for want of time: call again after so many ms. null = go on at once, or wait for a new event */
  retryInMs: number | null;
}

const retryMs = [100, 300, 1_000, 2_000, 5_000];
/** Of a full disk, sealed secrets and their like: all that comes after waits for three minutes. */
const waitedForMs = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000, 60_000, 60_000];
const transientRetryMs = 500;
const usualTimeoutMs = 60_000;

function isTransientByCode(error: unknown): boolean {
  return error instanceof DomainError && error.code === 'unavailable';
}

/** What took too long speaks of one repository: the events of all others do not wait minutes for it, it is tried again anyway. */
function isOfEverything(error: unknown): boolean {
  return error instanceof DomainError && error.code !== 'timed_out' && waitedFor.has(error.code);
}

interface Cursor {
  xid: bigint;
  seq: bigint;
  attempts: number;
  retryAt: Date | null;
}

/**
 * Takes the consumer's turn, or says that another has it. An advisory lock, not a row lock: a row lock would give this
 * transaction a number, and every event committed while it runs would wait for it (see read-events.ts).
 */
async function takeTurn(tx: Prisma.TransactionClient, consumer: string): Promise<Cursor | null> {
  const [turn] = await tx.$queryRaw<{ mine: boolean }[]>`
    SELECT pg_try_advisory_xact_lock(hashtextextended(${`slipway:events:${consumer}`}, 0)) AS mine`;
  if (!turn?.mine) return null;
  const cursor = await tx.eventCursor.findUnique({ where: { consumer } });
  return cursor ?? { xid: 0n, seq: 0n, attempts: 0, retryAt: null };
}

async function saveCursor(
  tx: Prisma.TransactionClient,
  consumer: string,
  position: string,
  failure: { attempts: number; retryAt: Date } | null,
): Promise<void> {
  const data = {
    ...parsePosition(position),
    attempts: failure?.attempts ?? 0,
    retryAt: failure?.retryAt ?? null,
    updatedAt: new Date(),
  };
  await tx.eventCursor.upsert({
    where: { consumer },
    create: { consumer, ...data },
    update: data,
  });
}

async function bury(
  tx: Prisma.TransactionClient,
  consumer: string,
  event: EventRecord,
  error: unknown,
  attempts: number,
): Promise<void> {
  const createdAt = new Date();
  const data = {
    id: newId('deadLetter'),
    consumer,
    eventId: event.id,
    error: describeError(error),
    attempts,
    createdAt,
    nextTryAt: firstTryOf(consumer, event.type, createdAt),
  };
  await tx.eventDeadLetter.createMany({ data: [data], skipDuplicates: true });
}

/**
 * Hands the next events to `handle`, in commit order, one at a time, one dispatcher at a time per consumer. At least
 * once: one that dies after `handle` and before the end of the batch hands the same events (same ids) over again.
 * A failure stops the batch; the event is tried again first, so order holds; after `maxAttempts` it becomes a dead
 * letter and the next ones go on.
 */
export async function dispatchBatch(
  db: PrismaClient,
  consumer: string,
  handle: (event: EventRecord) => Promise<void>,
  limit: number,
  options: DispatchOptions = {},
): Promise<DispatchResult> {
  return db.$transaction(
    async (tx) => {
      const result: DispatchResult = { handled: 0, deadLetters: 0, busy: false, retryInMs: null };
      const cursor = await takeTurn(tx, consumer);
      if (cursor === null) return { ...result, busy: true };
      const waitMs = (cursor.retryAt?.getTime() ?? 0) - Date.now();
      if (waitMs > 0) return { ...result, retryInMs: waitMs };
      return dispatchFrom(tx, cursor, { consumer, handle, limit, options }, result);
    },
    { isolationLevel: 'ReadCommitted', timeout: options.timeoutMs ?? usualTimeoutMs },
  );
}

interface Dispatch {
  consumer: string;
  handle: (event: EventRecord) => Promise<void>;
  limit: number;
  options: DispatchOptions;
}

async function dispatchFrom(
  tx: Prisma.TransactionClient,
  cursor: Cursor,
  { consumer, handle, limit, options }: Dispatch,
  result: DispatchResult,
): Promise<DispatchResult> {
  // What goes on for longer than the transaction may is recorded by nobody, and all of it would be done again, for ever.
  const timeoutMs = options.timeoutMs ?? usualTimeoutMs;
  const lastBeginning = performance.now() + timeoutMs / 4;
  let position = formatPosition(cursor);
  let { attempts } = cursor;
  const events = await readEventsAfter(tx, position, limit);
  // All writes to the database come after the last handler, so that this transaction holds nobody up.
  for (const event of events) {
    if (performance.now() > lastBeginning) {
      result.retryInMs = 0;
      break;
    }
    try {
      await withinTime(handle(event), timeoutMs / 2);
    } catch (error) {
      const failure = { event, error, attempts: attempts + 1, position };
      return { ...result, ...(await recordFailure(tx, failure, { consumer, options }, result)) };
    }
    position = event.position;
    attempts = 0;
    result.handled += 1;
  }
  if (result.handled > 0) await saveCursor(tx, consumer, position, null);
  return result;
}

interface Failure {
  event: EventRecord;
  error: unknown;
  /** counted with this one */
  attempts: number;
  /** of the last event that was handled */
  position: string;
}

/** Plans the next try, or gives the event up. */
async function recordFailure(
  tx: Prisma.TransactionClient,
  { event, error, attempts, position }: Failure,
  { consumer, options }: Pick<Dispatch, 'consumer' | 'options'>,
  { handled }: DispatchResult,
): Promise<Partial<DispatchResult>> {
  const isTransient = (options.isTransient ?? isTransientByCode)(error);
  // What the database refuses it refuses each time: whatever comes after it must not wait for that.
  const isFinal = refusalOfDatabase(error) !== null;
  const waits = isOfEverything(error) ? waitedForMs : retryMs;
  if (!isTransient && (isFinal || attempts >= (options.maxAttempts ?? waits.length))) {
    await bury(tx, consumer, event, error, attempts);
    await saveCursor(tx, consumer, event.position, null);
    return { handled: handled + 1, deadLetters: 1 };
  }
  const retryInMs = isTransient ? transientRetryMs : (waits[attempts - 1] ?? 5_000);
  const retryAt = new Date(Date.now() + retryInMs);
  // What says nothing of the event is not counted against it.
  await saveCursor(tx, consumer, position, {
    attempts: isTransient ? attempts - 1 : attempts,
    retryAt,
  });
  return { retryInMs };
}
