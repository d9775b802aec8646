import type { TargetKind } from '../../contracts/deploy/target.ts';
import type { DesiredState, DesiredStatus } from '../../contracts/deploy/types.ts';
import type { Db } from '../shared/db.ts';
import { neededApprovals } from './needed-approvals.ts';

/** What a deployment desires now; null when it is gone. */
export async function readDesired(db: Db, deploymentId: string): Promise<DesiredState | null> {
  const row = await db.deployment.findUnique({ where: { id: deploymentId } });
  if (row === null) return null;
  return {
    generation: row.generation,
    observedGeneration: row.observedGeneration,
    desiredStatus: row.desiredStatus as DesiredStatus,
    isPaused: row.isPaused,
    isDeleting: row.isDeleting,
    target: row.target as TargetKind,
    approvals: neededApprovals(row),
    bakeMs: row.bakeSeconds * 1000,
    healthTimeoutMs: row.healthTimeoutSeconds * 1000,
    selfHeal: row.selfHeal,
    liveRevisionId: row.liveRevisionId,
    projectId: row.projectId,
    changeId: row.changeId,
  };
}
