import type { SyncAction, SyncStatus } from '../../contracts/deploy/types.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type {
  Deployment,
  DeploymentRevision,
  DeploymentSync,
  Prisma,
  PrismaClient,
} from '../../prisma/generated/client.ts';
import { openSyncStatuses } from './begin-sync.ts';
import { changeDesired } from './change-desired.ts';

type Ended = DeploymentSync & { revision: DeploymentRevision };

/** Ends of a sync that somebody may want to try again. */
const failures: readonly SyncStatus[] = ['undone', 'rejected', 'needs_human'];

/**
 * Tries again, now, what failed last: the sync that was undone, was not let through or needs a person, else the change
 * that could not be rendered. It is a new sync, so its gate asks anew; a bad revision leaves its quarantine for it.
 * @throws DomainError `illegal_transition` when a rollout is under way, something newer is desired, or nothing failed
 */
export async function retryDeployment(
  db: PrismaClient,
  caller: Caller,
  input: { deploymentId: string; reason: string | null },
): Promise<Deployment> {
  const { deploymentId, reason } = input;
  return await changeDesired(db, caller, deploymentId, async (row, tx) => {
    const last = await tx.deploymentSync.findFirst({
      where: { deploymentId },
      orderBy: { number: 'desc' },
      include: { revision: true },
    });
    refuseUnlessAtRest(row, last);
    const isBroken = row.currentStatus === 'failed' || row.currentStatus === 'degraded';
    const isFailure = last !== null && failures.includes(last.status as SyncStatus);
    // A desired state that came after it and could not even be rendered is what failed last.
    const failed = isFailure && (last.generation === row.generation || !isBroken) ? last : null;
    if (failed === null && !isBroken)
      throw new DomainError('illegal_transition', 'Nothing has failed that could be tried again.');
    if (failed !== null) await liftQuarantine(tx, failed.revision);
    return {
      desired: failed === null ? {} : desiredBy(row, failed),
      action: 'retried',
      message: `try ${wordOf(failed)} in ${row.environment} again`,
      detail: { syncId: failed?.id ?? null, revision: failed?.revision.number ?? null, reason },
    };
  });
}

function refuseUnlessAtRest(row: Deployment, last: DeploymentSync | null): void {
  const open: readonly string[] = openSyncStatuses;
  if (last !== null && open.includes(last.status))
    throw new DomainError('illegal_transition', 'A rollout is under way.');
  if (row.observedGeneration < row.generation)
    throw new DomainError('illegal_transition', 'What is desired now is not synced yet.');
}

/** What has to be desired so that the sync is done once more. */
function desiredBy(
  row: Deployment,
  { action, revision, replicas, changeId, pipelineId }: Ended,
): Prisma.DeploymentUncheckedUpdateInput {
  switch (action as SyncAction) {
    case 'deploy':
      return {
        desiredStatus: 'active',
        pinnedRevisionId: null,
        imageRef: revision.imageRef,
        replicas,
        ...(revision.commitSha === null ? {} : { commitSha: revision.commitSha }),
        ...(changeId === null ? {} : { changeId }),
        ...(pipelineId === null ? {} : { pipelineId }),
      };
    case 'rollback':
      return {
        desiredStatus: 'rollback',
        pinnedRevisionId: revision.id,
        pinnedByUndo: false,
        imageRef: revision.imageRef,
        replicas,
      };
    case 'stop':
      return { desiredStatus: 'stopped' };
    case 'scale':
      return {
        replicas,
        ...(row.desiredStatus === 'stopped'
          ? { desiredStatus: row.pinnedRevisionId === null ? 'active' : 'rollback' }
          : {}),
      };
  }
}

function wordOf(failed: Ended | null): string {
  if (failed === null) return 'what is desired';
  return `the ${failed.action} of revision ${String(failed.revision.number)}`;
}

async function liftQuarantine(
  tx: Prisma.TransactionClient,
  { id }: DeploymentRevision,
): Promise<void> {
  await tx.deploymentRevision.updateMany({
    where: { id, status: 'bad' },
    data: { status: 'rendered', quarantineReason: null },
  });
}
