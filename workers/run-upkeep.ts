import type { Log } from '../contracts/log.ts';
import { purgeEvents } from '../domain/event/purge-events.ts';
import type { PrismaClient } from '../prisma/generated/client.ts';

export interface UpkeepOptions {
  db: PrismaClient;
  log: Log;
  /** `events.retentionDays` */
  retentionDays: number;
  everyMs?: number;
}

const hourMs = 3_600_000;

/**
 * Removes what has outlived its time: now, and then every hour. Any number of processes may do it at once.
 * @returns stops it, after what is under way
 */
export function runUpkeep({
  db,
  log,
  retentionDays,
  everyMs = hourMs,
}: UpkeepOptions): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  const upkeep = async () => {
    try {
      const events = await purgeEvents(db, retentionDays);
      const { count: idempotencyKeys } = await db.idempotencyKey.deleteMany({
        where: { expiresAt: { lt: new Date() } },
      });
      if (events + idempotencyKeys > 0)
        log.info({ events, idempotencyKeys }, 'old rows were removed');
    } catch (error) {
      log.warn({ err: error }, 'old rows could not be removed; tried again later');
    }
  };
  const start = () => (running = running.then(upkeep));
  start();
  const timer = setInterval(start, everyMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
