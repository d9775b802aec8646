import type { DeploymentMismatch } from '../../contracts/reconcile/types.ts';
import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { openSyncStatuses } from '../deploy/begin-sync.ts';
import { finishSync } from '../deploy/finish-sync.ts';
import { publishEvent } from '../event/publish-event.ts';
import { voidGates } from '../gate/void-gates.ts';
import { inTransaction } from '../shared/tx.ts';

/** What the engine can be asked to do for an environment. */
export interface EntityControl {
  /** starts the entity, or tells the one that runs to reconcile its row */
  wake: (deploymentId: string) => Promise<void>;
  /** ends the entity of an environment that has no row */
  end: (entity: { projectId: string; environment: string }) => Promise<void>;
}

/** Makes database and engine agree on an environment, with one `engine.state_repaired`. */
export async function repairDeploymentMismatch(
  db: PrismaClient,
  mismatch: DeploymentMismatch,
  entity: EntityControl,
): Promise<void> {
  const { kind, deploymentId, syncId } = mismatch;
  if (kind === 'orphan') {
    await entity.end(mismatch);
    await announce(db, mismatch, 'it was ended');
    return;
  }
  if (deploymentId === null) return;
  if (kind === 'sync' && syncId !== null) await settleSync(db, deploymentId, syncId);
  await entity.wake(deploymentId);
  const what = {
    sync: 'it is shown as superseded now',
    deployment: 'it was started or woken again',
  };
  await announce(db, mismatch, what[kind]);
}

/** Ends a sync that nobody works at. What serves is not known any more: the next observation of the target tells. */
async function settleSync(db: PrismaClient, deploymentId: string, syncId: string): Promise<void> {
  await voidGates(db, { subjectType: 'deployment', subjectId: syncId });
  const reason = 'its workflow knew nothing of it';
  await finishSync(db, { syncId, outcome: 'superseded', reason });
  const isOpen = { status: { in: [...openSyncStatuses] } };
  const shown = { id: deploymentId, currentStatus: 'syncing', syncs: { none: isOpen } };
  for (const [liveRevisionId, currentStatus] of [
    [null, 'pending'],
    [{ not: null }, 'degraded'],
  ] as const) {
    await db.deployment.updateMany({
      where: { ...shown, liveRevisionId },
      data: { currentStatus },
    });
  }
}

async function announce(
  db: PrismaClient,
  mismatch: DeploymentMismatch,
  what: string,
): Promise<void> {
  const { kind, deploymentId, projectId, environment, syncId, dbStatus, engineStatus } = mismatch;
  await inTransaction(db, async (tx: Prisma.TransactionClient) => {
    const project = await tx.project.findUnique({ where: { id: projectId } });
    const row =
      deploymentId === null
        ? null
        : await tx.deployment.findUnique({ where: { id: deploymentId } });
    const name = `${kind === 'sync' ? 'A sync of ' : ''}${project?.name ?? projectId} ${environment}`;
    await publishEvent(tx, {
      type: 'engine.state_repaired',
      projectId: project?.id ?? null,
      changeId: row?.changeId ?? null,
      subjectId: syncId ?? deploymentId,
      message: `${name} was ${dbStatus} here and ${engineStatus} in the engine: ${what}`,
      payload: { kind, deploymentId, environment, syncId, dbStatus, engineStatus },
    });
  });
}
