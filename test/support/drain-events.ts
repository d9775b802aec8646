import type { EventRecord } from '../../contracts/event/types.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { dispatchBatch } from './dispatch-batch.ts';

/**
 * Hands every committed event to `handle`, as a dispatcher does, until there is none left. What is committed and
 * not yet readable, beside somebody who publishes, is waited for.
 * @returns how many were given up
 */
export async function drainEvents(
  db: PrismaClient,
  consumer: string,
  handle: (event: EventRecord) => Promise<void>,
): Promise<number> {
  let givenUp = 0;
  for (;;) {
    const result = await dispatchBatch(db, consumer, handle, 50);
    givenUp += result.deadLetters;
    if (result.handled > 0) continue;
    if (result.retryInMs === null && !(await isBehind(db, consumer))) return givenUp;
    await new Promise((resolve) => setTimeout(resolve, result.retryInMs ?? 10));
  }
}

async function isBehind(db: PrismaClient, consumer: string): Promise<boolean> {
  const [found] = await db.$queryRaw<{ behind: boolean }[]>`
    SELECT EXISTS (
      SELECT FROM events e LEFT JOIN event_cursors c ON c.consumer = ${consumer}
      WHERE (e.xid, e.seq) > (coalesce(c.xid, 0), coalesce(c.seq, 0))) AS behind`;
  return found?.behind === true;
}
