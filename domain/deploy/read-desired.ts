import type { TargetKind } from '../../contracts/deploy/target.ts';
import type { DesiredState, DesiredStatus } from '../../contracts/deploy/types.ts';
import type { Db } from '../shared/db.ts';

/** Manifests beside the code change only with a pipeline: the pass looks for drift. */
const defaultIntervalMs = 60_000;

/** What a deployment desires now; null when it is gone. */
export async function readDesired(db: Db, deploymentId: string): Promise<DesiredState | null> {
  const row = await db.deployment.findUnique({
    where: { id: deploymentId },
    include: { opsRepo: true },
  });
  if (row === null) return null;
  return {
    generation: row.generation,
    observedGeneration: row.observedGeneration,
    desiredStatus: row.desiredStatus as DesiredStatus,
    isPaused: row.isPaused,
    isDeleting: row.isDeleting,
    target: row.target as TargetKind,
    approvals: row.approvals,
    bakeMs: row.bakeSeconds * 1000,
    healthTimeoutMs: row.healthTimeoutSeconds * 1000,
    selfHeal: row.selfHeal,
    syncIntervalMs: row.opsRepo === null ? defaultIntervalMs : row.opsRepo.syncIntervalS * 1000,
    liveRevisionId: row.liveRevisionId,
    projectId: row.projectId,
    changeId: row.changeId,
  };
}
