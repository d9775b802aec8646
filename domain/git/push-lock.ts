import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';

const tails = new Map<string, Promise<unknown>>();

/** Within this process the turns of one key follow each other, so that waiting costs no database connection. */
export function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
  const before = tails.get(key) ?? Promise.resolve();
  const turn = before.then(work, work);
  const tail = turn
    .catch(() => undefined)
    .then(() => {
      if (tails.get(key) === tail) tails.delete(key);
    });
  tails.set(key, tail);
  return turn;
}

/**
 * Runs `work` in a transaction while no other push to the project, in any process, is between "refs may move" and
 * "move recorded", and no repository care compares its refs. So refs and records change in the same order, and a move
 * is recorded once. The lock goes with the transaction, and with the process.
 * No row is written before git is done, so the open transaction does not hold back readers of the outbox.
 */
export function withPushLock<T>(
  db: PrismaClient,
  projectId: string,
  work: (tx: Prisma.TransactionClient) => Promise<T>,
): Promise<T> {
  return inTurn(projectId, () =>
    db.$transaction(
      async (tx) => {
        await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('slipway.push.' || ${projectId}, 0))`;
        return work(tx);
      },
      { maxWait: 30_000, timeout: 300_000 },
    ),
  );
}
