import type { PrismaClient } from '../../prisma/generated/client.ts';
import { inTransaction } from '../shared/tx.ts';

/**
 * Has new events come after all that are there. Going back to a version before ADR 54 has events ordered by transactions
 * again (docs/operations/upgrade.md); here that ends, and whoever publishes so has ended before this returns. Run it before
 * anything publishes or reads (the migrate command does).
 *
 * @returns true when the order was of before
 */
export async function ensureEventOrder(db: PrismaClient): Promise<boolean> {
  const [found] = await db.$queryRaw<{ ours: boolean }[]>`
    SELECT column_default = 'event_epoch()' AS ours FROM information_schema.columns
     WHERE table_schema = current_schema() AND table_name = 'events' AND column_name = 'xid'`;
  if (found?.ours === true) return false;
  await inTransaction(db, async (tx) => {
    await tx.$executeRaw`ALTER TABLE events ALTER COLUMN xid SET DEFAULT event_epoch()`;
  });
  return true;
}
