import { randomUUID } from 'node:crypto';
import { Prisma } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';

/** A foreign ops repository that one process fetches now. */
export interface FetchClaim {
  id: string;
  /** whose it is; a claim after `fetch_held_until` has another one */
  holder: string;
}

const held = Prisma.sql`clock_timestamp() + interval '60 seconds'`;
/** How often whoever holds a claim must renew it, ms. */
export const renewMs = 10_000;

/**
 * Takes foreign ops repositories whose next try is due, longest waiting first. Each is one caller's alone as long as it
 * renews its claim, so that no two fetch into one mirror; that of a process that died is another's a minute later.
 */
export async function claimFetches(db: Db, limit: number): Promise<FetchClaim[]> {
  const isDue = Prisma.sql`starts_with(repo_url, 'http') AND (fetch_at IS NULL OR fetch_at <= clock_timestamp())`;
  return await claim(db, isDue, limit);
}

/** Takes this one, due or not. @returns null while another process fetches it, or when it is gone */
export async function claimFetch(db: Db, id: string): Promise<FetchClaim | null> {
  const [claimed] = await claim(db, Prisma.sql`id = ${id}`, 1);
  return claimed ?? null;
}

/** Keeps it for another while. One that ran out and was given to another stays the other's. */
export async function renewClaim(db: Db, { id, holder }: FetchClaim): Promise<void> {
  await db.$executeRaw`
    UPDATE ops_repos SET fetch_held_until = ${held} WHERE id = ${id} AND fetch_holder = ${holder}`;
}

async function claim(db: Db, which: Prisma.Sql, limit: number): Promise<FetchClaim[]> {
  const holder = randomUUID();
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
