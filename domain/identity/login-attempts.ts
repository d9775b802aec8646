import { createHash } from 'node:crypto';
import type { Db } from '../shared/db.ts';

interface AttemptRow {
  count: number;
  wait: number;
}

/** Tries of one key within its window, this one included, and how long the window lasts yet. */
export interface Tries {
  count: number;
  /** seconds, at least 1 */
  wait: number;
}

/** A key of bounded length, whatever somebody typed; names that are no user's are not kept in readable form. */
export function attemptKey(kind: 'address' | 'name' | 'pair', text: string): string {
  return `${kind}:${createHash('sha256').update(text).digest('base64url').slice(0, 32)}`;
}

/** Counts one try of a key, in every process together. */
export async function countAttempt(
  db: Db,
  key: string,
  windowMs: number,
  now: Date,
): Promise<Tries> {
  const ends = new Date(now.getTime() + windowMs);
  const rows = await db.$queryRaw<AttemptRow[]>`
    INSERT INTO login_attempts AS a (key, count, expires_at) VALUES (${key}, 1, ${ends})
    ON CONFLICT (key) DO UPDATE
       SET count = CASE WHEN a.expires_at <= ${now} THEN 1 ELSE least(a.count + 1, 1000000) END,
           expires_at = CASE WHEN a.expires_at <= ${now} THEN excluded.expires_at ELSE a.expires_at END
    RETURNING count, ceil(extract(epoch FROM expires_at - ${now}::timestamptz))::int AS wait`;
  const [row] = rows;
  return { count: row?.count ?? 1, wait: Math.max(1, row?.wait ?? 1) };
}

/** Takes one try back: a right password is no guess. */
export async function refundAttempt(db: Db, key: string): Promise<void> {
  await db.$executeRaw`UPDATE login_attempts SET count = greatest(count - 1, 0) WHERE key = ${key}`;
}

export async function forgetAttempts(db: Db, key: string): Promise<void> {
  await db.$executeRaw`DELETE FROM login_attempts WHERE key = ${key}`;
}

/** Clears away tries that are over, some at a time: whoever tries many names must not fill the table. */
export async function clearOldAttempts(db: Db, now: Date): Promise<void> {
  await db.$executeRaw`
    DELETE FROM login_attempts WHERE key IN (
      SELECT key FROM login_attempts WHERE expires_at <= ${now} LIMIT 100)`;
}
