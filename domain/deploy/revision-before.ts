import type { Deployment, DeploymentRevision } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';

/** Revisions that are kept no more, or turned out bad, are passed over; no deployment keeps more good ones than that. */
const maxSteps = 20;

/**
 * What served when the live revision was rolled out: where a rollback leads that names no revision. Rollbacks do not
 * count, so going back twice goes back two, never forward to what was fled from.
 * @returns null where nothing did, or where nothing of it is kept
 */
export async function revisionBefore(
  db: Db,
  { id: deploymentId, liveRevisionId }: Pick<Deployment, 'id' | 'liveRevisionId'>,
): Promise<DeploymentRevision | null> {
  let at = liveRevisionId;
  for (let step = 0; at !== null && step < maxSteps; step += 1) {
    const arrival = await db.deploymentSync.findFirst({
      where: {
        ...{ deploymentId, action: 'deploy', status: 'succeeded', revisionId: at },
        OR: [{ previousRevisionId: null }, { previousRevisionId: { not: at } }],
      },
      orderBy: { number: 'desc' },
    });
    at = arrival?.previousRevisionId ?? null;
    if (at === null || at === liveRevisionId) return null;
    const before = await db.deploymentRevision.findUnique({ where: { id: at } });
    if (before?.status === 'good' && before.trimmedAt === null) return before;
  }
  return null;
}
