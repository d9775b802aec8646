import type { SyncStatus } from '../../contracts/deploy/types.ts';
import type { Deployment, DeploymentRevision, Pipeline } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';

/** What became of a deployment that a run asked for. */
export interface RunDeployment {
  deploymentId: string;
  environment: string;
  /** of its newest roll-out; `pending`: none has begun yet, `refused`: what is asked for cannot be rolled out */
  status: SyncStatus | 'pending' | 'refused';
  reason: string | null;
  /** number of the revision that was rolled out; null where none was */
  revision: number | null;
}

/**
 * The deployments that a run asked for, previews among them, by environment; also those to which what it built was promoted.
 * What was asked for since by something else says nothing of the run.
 */
export async function deploymentsOfRun(
  db: Db,
  { id: pipelineId, changeId }: Pick<Pipeline, 'id' | 'changeId'>,
): Promise<RunDeployment[]> {
  const syncs = await db.deploymentSync.findMany({
    where: { pipelineId, changeId, action: 'deploy' },
    distinct: ['deploymentId'],
    orderBy: { number: 'desc' },
    include: { revision: true, deployment: true },
  });
  const begun = new Set(syncs.map(({ deploymentId }) => deploymentId));
  const others = await db.deployment.findMany({
    where: { pipelineId, changeId },
    include: { liveRevision: true },
  });
  const withoutSync = others
    .filter(({ id }) => !begun.has(id))
    .flatMap((one): RunDeployment[] => {
      const status = statusWithoutSync(one);
      const told = { deploymentId: one.id, environment: one.environment, revision: null };
      return status === null ? [] : [{ ...told, status, reason: one.statusMessage }];
    });
  const withSync = syncs.map(({ deployment, revision, status, reason }) => ({
    deploymentId: deployment.id,
    environment: deployment.environment,
    status: status as SyncStatus,
    reason,
    revision: revision.number,
  }));
  return [...withSync, ...withoutSync].sort((a, b) => (a.environment < b.environment ? -1 : 1));
}

/** Null where what the run asked for is served already: nothing had to be done. */
function statusWithoutSync(
  one: Deployment & { liveRevision: DeploymentRevision | null },
): 'pending' | 'refused' | null {
  if (one.observedGeneration < one.generation) return 'pending';
  if (one.currentStatus === 'failed' || one.currentStatus === 'degraded') return 'refused';
  // In quarantine already: what served before serves on.
  const isOther = one.desiredStatus === 'active' && one.liveRevision?.imageRef !== one.imageRef;
  return isOther ? 'refused' : null;
}
