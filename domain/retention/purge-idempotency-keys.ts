import type { Db } from '../shared/db.ts';

/** Removes kept answers whose time is over. @returns how many */
export async function purgeIdempotencyKeys(db: Db, now: Date = new Date()): Promise<number> {
  const { count } = await db.idempotencyKey.deleteMany({ where: { expiresAt: { lt: now } } });
  return count;
}
