import type { OpenedGate } from '../../contracts/gate/activities.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { publishEvent } from '../event/publish-event.ts';
import { openedGate } from '../gate/opened-gate.ts';
import { openSyncStatuses } from './begin-sync.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { neededApprovals } from './needed-approvals.ts';

/** A rollout that nobody lets through within a day is refused. */
const expiresMs = 24 * 3_600_000;
const permission = 'deploy:promote';

/**
 * Opens the gate of a sync, once: a second call gives the same gate. It is bound to the commit and the environment of
 * that sync, so a newer commit needs approvals of its own.
 */
export async function openDeploymentGate(
  db: PrismaClient,
  input: { syncId: string; step: string; workflowId: string },
): Promise<OpenedGate> {
  const { syncId, step, workflowId } = input;
  return await inTransaction(db, async (tx) => {
    const key = { subjectType: 'deployment', subjectId: syncId, step };
    const earlier = await tx.gate.findUnique({
      where: { subjectType_subjectId_step: key },
      include: { decisions: { orderBy: { createdAt: 'asc' } } },
    });
    if (earlier !== null) return openedGate(earlier, expiresMs);
    const sync = await tx.deploymentSync.findUniqueOrThrow({
      where: { id: syncId },
      include: { revision: true, deployment: true },
    });
    const { deployment, revision } = sync;
    // Nobody would hear of a decision: a late attempt at opening it.
    const isOver = !openSyncStatuses.some((status) => status === sync.status);
    const gateId = newId('gate');
    const quorum = Math.max(1, neededApprovals(deployment));
    await tx.gate.create({
      data: {
        id: gateId,
        ...key,
        workflowId,
        projectId: sync.projectId,
        changeId: sync.changeId ?? syncId,
        commitSha: revision.commitSha,
        target: deployment.environment,
        permission,
        quorum,
        requestedBy: sync.requestedBy,
        originIds: sync.originIds,
        expiresAt: new Date(Date.now() + expiresMs),
        ...(isOver ? { status: 'void', closedAt: new Date() } : {}),
      },
    });
    const opened = { gateId, quorum, expiresMs, decisions: [] };
    if (isOver) return { ...opened, status: 'void' };
    await publishEvent(tx, {
      type: 'gate.opened',
      projectId: sync.projectId,
      changeId: sync.changeId,
      subjectId: gateId,
      message: `revision ${String(revision.number)} waits for ${String(quorum)} approval(s) before ${deployment.environment}`,
      payload: { syncId, deploymentId: deployment.id, step, permission, quorum },
    });
    return { ...opened, status: 'open' };
  });
}
