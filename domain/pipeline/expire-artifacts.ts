import type { PrismaClient } from '../../prisma/generated/client.ts';
import { publishEvent } from '../event/publish-event.ts';
import type { BlobStore } from '../shared/blob-store.ts';
import { inTransaction } from '../shared/tx.ts';

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
    take: options.limit ?? 200,
    include: { pipeline: { select: { projectId: true, changeId: true } } },
  });
  let removed = 0;
  for (const { id, minioPath, pipelineId, stepName, name, path, pipeline } of expired) {
    // One that others share goes with the last of them.
    const others = { minioPath, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] };
    if ((await db.artifact.count({ where: others })) === 0) await store.delete(minioPath);
    removed += await inTransaction(db, async (tx) => {
      const { count } = await tx.artifact.deleteMany({ where: { id, expiresAt: { lte: now } } });
      // another process was faster: it published the event
      if (count === 0) return 0;
      await publishEvent(tx, {
        type: 'artifact.expired',
        projectId: pipeline.projectId,
        changeId: pipeline.changeId,
        subjectId: id,
        message: `${name}: ${path}`,
        payload: { pipelineId, step: stepName, name, path },
      });
      return 1;
    });
  }
  return removed;
}
