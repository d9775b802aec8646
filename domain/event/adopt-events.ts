import type { PrismaClient } from '../../prisma/generated/client.ts';
import { inTransaction } from '../shared/tx.ts';

/** Held by whoever looks: two processes that start at once must not both renumber. */
const adoptLock = 5_215_002;

/**
 * Makes the outbox of a restored dump usable. Events are ordered by the number of their transaction, and another
 * server counts from elsewhere: events of before the restore would come after all new ones, and consumers would never
 * see those. Here they are put before everything of this server, in their order, and the consumers' positions with them.
 * Does nothing on the server that wrote the events. Run it before anything publishes or reads (the migrate command does).
 *
 * @returns true when events had come from elsewhere
 */
export async function adoptEvents(db: PrismaClient): Promise<boolean> {
  return inTransaction(db, async (tx) => {
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(${adoptLock})`;
    const [found] = await tx.$queryRaw<{ foreign: boolean }[]>`
      SELECT coalesce(greatest((SELECT max(xid) FROM events), (SELECT max(xid) FROM event_cursors))
                      >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint, false) AS foreign`;
    if (!found?.foreign) return false;
    await tx.$executeRaw`
      UPDATE event_cursors c SET xid = 0,
        seq = (SELECT count(*) FROM events e WHERE (e.xid, e.seq) <= (c.xid, c.seq))`;
    await tx.$executeRaw`
      UPDATE events e SET xid = 0, seq = o.place
        FROM (SELECT id, row_number() OVER (ORDER BY xid, seq) AS place FROM events) o
       WHERE o.id = e.id`;
    return true;
  });
}
