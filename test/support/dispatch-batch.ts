import type { EventRecord } from '../../contracts/event/types.ts';
import { EventTurns } from '../../domain/event/event-turns.ts';
import { handOver, type HandOverOptions } from '../../domain/event/hand-over.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { urlOf } from './test-database.ts';

export interface DispatchResult {
  /** events that the handler took, or that became dead letters */
  handled: number;
  deadLetters: number;
  /** somebody else has the turn of this consumer: nothing was done here */
  busy: boolean;
  /** the next event failed: call again after so many ms. null = go on at once, or wait for a new event */
  retryInMs: number | null;
}

/** The next events of one consumer, handed over by a dispatcher that lives for them only: step by step, for tests. */
export async function dispatchBatch(
  db: PrismaClient,
  consumer: string,
  handle: (event: EventRecord) => Promise<void>,
  limit: number,
  options: HandOverOptions = {},
): Promise<DispatchResult> {
  const result: DispatchResult = { handled: 0, deadLetters: 0, busy: false, retryInMs: null };
  const [row] = await db.$queryRaw<{ name: string }[]>`SELECT current_database() AS name`;
  const turns = await EventTurns.open(urlOf(row?.name ?? ''));
  try {
    let cursor = (await turns.take([consumer])).get(consumer);
    if (cursor === undefined) return { ...result, busy: true };
    const untilRetry = () => (cursor?.retryAt?.getTime() ?? 0) - Date.now();
    if (untilRetry() > 0) return { ...result, retryInMs: untilRetry() };
    const { events } = await turns.next(cursor.position, null, limit);
    let isSaved = true;
    for (const event of events) {
      const done = await handOver(turns, consumer, cursor, { ...options, event, handle });
      ({ cursor, isSaved } = done);
      if (done.outcome === 'again') return { ...result, retryInMs: done.retryInMs };
      result.handled += 1;
      if (done.outcome === 'dead') result.deadLetters += 1;
    }
    if (!isSaved) await turns.save(new Map([[consumer, cursor]]));
    return result;
  } finally {
    await turns.close();
  }
}
