import type { PrismaClient } from '../../prisma/generated/client.ts';

const batch = 5_000;
const dayMs = 86_400_000;

/**
 * Removes events older than `days` (`events.retentionDays`), except what a consumer of the outbox has yet to see.
 *
 * @returns how many were removed
 */
export async function purgeEvents(
  db: PrismaClient,
  days: number,
  now: Date = new Date(),
): Promise<number> {
  const before = new Date(now.getTime() - days * dayMs);
  let removed = 0;
  for (;;) {
    // Small batches: none holds its locks for long.
    const count = await db.$executeRaw`
      DELETE FROM events WHERE id IN (
        SELECT id FROM events e
        WHERE e.created_at < ${before}
          AND NOT EXISTS (SELECT FROM event_cursors c WHERE (c.xid, c.seq) < (e.xid, e.seq))
        LIMIT ${batch})`;
    removed += count;
    if (count < batch) return removed;
  }
}
