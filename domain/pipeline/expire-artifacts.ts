import type { PrismaClient } from '../../prisma/generated/client.ts';
import type { BlobStore } from '../shared/blob-store.ts';
import { inTransaction } from '../shared/tx.ts';
import { tellOfArtifacts } from './artifact-events.ts';

/**
 * Removes artifacts whose time is over, object first, so that a crash in between leaves a row that the next run takes
 * up, and never an object that nobody knows. Call again while it answers `limit`.
 *
 * @returns how many it removed
 */
export async function expireArtifacts(
  db: PrismaClient,
  store: BlobStore,
  options: { now?: Date; limit?: number } = {},
): Promise<number> {
  const now = options.now ?? new Date();
  const expired = await db.artifact.findMany({
    where: { expiresAt: { lte: now } },
    orderBy: { expiresAt: 'asc' },
    take: options.limit ?? 1000,
    include: { pipeline: { select: { projectId: true, changeId: true } } },
  });
  if (expired.length === 0) return 0;
  const keys = new Set(expired.map(({ minioPath }) => minioPath));
  // One that others share goes with the last of them.
  const others = await db.artifact.groupBy({
    by: ['minioPath'],
    where: {
      minioPath: { in: [...keys] },
      pipelineId: { in: [...new Set(expired.map(({ pipelineId }) => pipelineId))] },
      OR: [{ expiresAt: null }, { expiresAt: { gt: now } }],
    },
  });
  for (const { minioPath } of others) keys.delete(minioPath);
  for (const key of keys) await store.delete(key);
  return await inTransaction(db, async (tx) => {
    const ids = expired.map(({ id }) => id);
    // Another process may have been faster: it told of what it removed.
    const gone = await tx.$queryRaw<{ id: string }[]>`
      DELETE FROM artifacts WHERE id = ANY(${ids}) AND expires_at <= ${now} RETURNING id`;
    const removed = new Set(gone.map(({ id }) => id));
    const told = expired
      .filter(({ id }) => removed.has(id))
      .map(({ pipeline, sizeBytes, ...row }) => ({
        ...row,
        ...pipeline,
        bytes: Number(sizeBytes ?? 0n),
      }));
    await tellOfArtifacts(tx, 'artifact.expired', told);
    return removed.size;
  });
}
