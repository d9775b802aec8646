import { randomUUID } from 'node:crypto';
import { Prisma } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';

/** A foreign ops repository that one process fetches now. */
export interface FetchClaim {
  id: string;
  /** whose it is; another claim after `fetch_held_until` has another one */
  holder: string;
}

/**
 * Takes foreign ops repositories whose next try is due, longest waiting first. Each is one caller's alone for `heldMs`, so
 * that no two fetch into one mirror; the claim of a process that died is given to another after that.
 */
export async function claimFetches(
  db: Db,
  options: { limit: number; heldMs: number },
): Promise<FetchClaim[]> {
  const isDue = Prisma.sql`repo_url LIKE 'http%' AND (fetch_at IS NULL OR fetch_at <= clock_timestamp())`;
  return await claim(db, isDue, options);
}

/** Takes this one, due or not. @returns null while another process fetches it, or when it is gone */
export async function claimFetch(
  db: Db,
  id: string,
  options: { heldMs: number },
): Promise<FetchClaim | null> {
  const [claimed] = await claim(db, Prisma.sql`id = ${id}`, { ...options, limit: 1 });
  return claimed ?? null;
}

async function claim(
  db: Db,
  which: Prisma.Sql,
  { limit, heldMs }: { limit: number; heldMs: number },
): Promise<FetchClaim[]> {
  const holder = randomUUID();
  const held = Prisma.sql`clock_timestamp() + make_interval(secs => ${heldMs / 1000}::float8)`;
  // Whoever asks for a fetch meanwhile sets `fetch_at` to null again, and is not overlooked when this one ends.
  const rows = await db.$queryRaw<{ id: string }[]>`
    UPDATE ops_repos SET fetch_holder = ${holder}, fetch_held_until = ${held}, fetch_at = ${held}
    WHERE id IN (
      SELECT id FROM ops_repos
      WHERE ${which} AND (fetch_held_until IS NULL OR fetch_held_until <= clock_timestamp())
      ORDER BY fetch_at NULLS FIRST, id LIMIT ${limit}
      FOR UPDATE SKIP LOCKED)
    RETURNING id`;
  return rows.map(({ id }) => ({ id, holder }));
}
