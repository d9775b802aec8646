import type { PrismaClient } from '../../prisma/generated/client.ts';
import type { BlobStore } from '../shared/blob-store.ts';

/** What was under way when a project went (a step, the end of a preview) may still read an object, or write it once more. */
const graceMs = 60 * 60 * 1000;

/**
 * Removes objects that a deleted project left, an hour after it went: object first, so that a crash in between leaves a row
 * that the next run takes up. Call again while it answers `limit`.
 * @returns how many it removed
 */
export async function removeLeftObjects(
  db: PrismaClient,
  store: BlobStore,
  { now = new Date(), limit = 500 }: { now?: Date; limit?: number } = {},
): Promise<number> {
  const left = await db.leftObject.findMany({
    where: { leftAt: { lte: new Date(now.getTime() - graceMs) } },
    orderBy: { leftAt: 'asc' },
    take: limit,
  });
  const keys = left.map(({ key }) => key);
  for (const key of keys) await store.delete(key);
  const { count } = await db.leftObject.deleteMany({ where: { key: { in: keys } } });
  return count;
}
