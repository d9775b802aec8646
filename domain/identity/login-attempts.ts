import type { Db } from '../shared/db.ts';

export interface AttemptLimits {
  attempts: number;
  windowMs: number;
}

interface AttemptRow {
  count: number;
  wait: number;
}

/**
 * Counts one try of a key, in every process together.
 * @returns seconds to wait when the key is over its limit, else 0
 */
export async function countAttempt(db: Db, key: string, limits: AttemptLimits): Promise<number> {
  const rows = await db.$queryRaw<AttemptRow[]>`
    INSERT INTO login_attempts AS a (key, count, expires_at)
    VALUES (${key}, 1, now() + ${limits.windowMs} * interval '1 millisecond')
    ON CONFLICT (key) DO UPDATE
       SET count = CASE WHEN a.expires_at <= now() THEN 1 ELSE a.count + 1 END,
           expires_at = CASE WHEN a.expires_at <= now() THEN excluded.expires_at ELSE a.expires_at END
    RETURNING count, ceil(extract(epoch FROM expires_at - now()))::int AS wait`;
  const row = rows[0];
  return row && row.count > limits.attempts ? Math.max(1, row.wait) : 0;
}

/** Takes one try back: a right password is no guess. */
export async function refundAttempt(db: Db, key: string): Promise<void> {
  await db.$executeRaw`UPDATE login_attempts SET count = greatest(count - 1, 0) WHERE key = ${key}`;
}

/** Forgets the tries of a key, and whatever is long over. */
export async function forgetAttempts(db: Db, key: string): Promise<void> {
  await db.$executeRaw`DELETE FROM login_attempts WHERE key = ${key} OR expires_at < now()`;
}
