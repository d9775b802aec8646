import type { SyncStatus } from '../../contracts/deploy/types.ts';
import type {
  Deployment,
  DeploymentRevision,
  DeploymentSync,
  Pipeline,
} from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';

/** What became of a deployment that a run asked for. */
export interface RunDeployment {
  deploymentId: string;
  environment: string;
  /** of its newest rollout; `pending`: none has begun yet, `refused`: what is asked for cannot be rolled out */
  status: SyncStatus | 'pending' | 'refused';
  reason: string | null;
  /** number of the revision that was rolled out; null where none was */
  revision: number | null;
}

type Asking = Pick<Pipeline, 'id' | 'changeId'>;

/**
 * The deployments that each of these runs asked for, previews among them, by environment; also those to which what it
 * built was promoted. What was asked for since by something else says nothing of the run.
 * @returns by the run's id; a run that asked for none is absent. Two statements, however many runs.
 */
export async function deploymentsOfRuns(
  db: Db,
  runs: readonly Asking[],
): Promise<ReadonlyMap<string, RunDeployment[]>> {
  const ids = { in: runs.map((run) => run.id) };
  const [syncs, wanted] = await Promise.all([
    db.deploymentSync.findMany({
      where: { pipelineId: ids, action: 'deploy' },
      distinct: ['pipelineId', 'changeId', 'deploymentId'],
      orderBy: { number: 'desc' },
      include: { revision: true, deployment: true },
    }),
    db.deployment.findMany({ where: { pipelineId: ids }, include: { liveRevision: true } }),
  ]);
  const found = runs.map((run) => {
    const isOf = (one: { pipelineId: string | null; changeId: string | null }): boolean =>
      one.pipelineId === run.id && one.changeId === run.changeId;
    return [run.id, told(syncs.filter(isOf), wanted.filter(isOf))] as const;
  });
  return new Map(found.filter(([, deployments]) => deployments.length > 0));
}

function told(
  syncs: readonly (DeploymentSync & { revision: DeploymentRevision; deployment: Deployment })[],
  wanted: readonly (Deployment & { liveRevision: DeploymentRevision | null })[],
): RunDeployment[] {
  const begun = new Set(syncs.map(({ deploymentId }) => deploymentId));
  const withoutSync = wanted
    .filter(({ id }) => !begun.has(id))
    .flatMap((one): RunDeployment[] => {
      const status = statusWithoutSync(one);
      const base = { deploymentId: one.id, environment: one.environment, revision: null };
      return status === null ? [] : [{ ...base, status, reason: one.statusMessage }];
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
