import type { SyncOutcome } from '../../contracts/deploy/types.ts';
import type {
  Deployment,
  DeploymentRevision,
  DeploymentSync,
  Prisma,
  PrismaClient,
} from '../../prisma/generated/client.ts';
import { voidGatesOf } from '../gate/void-gates.ts';
import { newId } from '../shared/new-id.ts';
import { storableText } from '../shared/storable-json.ts';
import { inTransaction } from '../shared/tx.ts';
import { openSyncStatuses } from './begin-sync.ts';
import { publishDeploymentEvent } from './deployment-event.ts';
import { foreignRevert } from './foreign-revert.ts';

type Sync = DeploymentSync & { revision: DeploymentRevision; deployment: Deployment };

/**
 * Ends a sync, all in one transaction and once: status, history, revision, deployment, events. After `undone` the bad
 * revision is in quarantine and the deployment desires its last good one, unless something newer is desired by now. One that
 * somebody has aborted does not succeed: it stays open, with the reason as the answer.
 */
export async function finishSync(
  db: PrismaClient,
  input: { syncId: string; outcome: SyncOutcome; reason: string | null },
): Promise<{ abortReason: string | null }> {
  const { syncId, outcome } = input;
  return await inTransaction(db, async (tx) => {
    const abortReason = await abortOf(tx, input);
    if (abortReason !== null) return { abortReason };
    const told = await reasonOf(tx, input);
    const reason = told === null ? null : storableText(told); // it may quote a target or a file
    const moved = await tx.deploymentSync.updateMany({
      where: { id: syncId, status: { in: [...openSyncStatuses] } },
      data: { status: outcome, reason: reason?.slice(0, 1000) ?? null, finishedAt: new Date() },
    });
    if (moved.count === 0) return { abortReason };
    await voidGatesOf(
      tx,
      { subjectType: 'deployment', subjectId: syncId },
      'the rollout has ended',
    );
    const sync = await tx.deploymentSync.findUniqueOrThrow({
      where: { id: syncId },
      include: { revision: true, deployment: true },
    });
    const why = reason ?? outcome;
    if (outcome === 'succeeded') await recordSuccess(tx, sync);
    if (outcome === 'undone') await recordUndone(tx, sync, why);
    if (outcome === 'rejected') await recordRejected(tx, sync, why);
    if (outcome === 'needs_human') await recordNeedsHuman(tx, sync, why);
    return { abortReason };
  });
}

/** Why it may not succeed. Whoever aborts it waits for this, or this for them. */
async function abortOf(
  tx: Prisma.TransactionClient,
  { syncId, outcome }: { syncId: string; outcome: SyncOutcome },
): Promise<string | null> {
  if (outcome !== 'succeeded') return null;
  await tx.$queryRaw`SELECT id FROM deployment_syncs WHERE id = ${syncId} FOR NO KEY UPDATE`;
  const sync = await tx.deploymentSync.findUnique({ where: { id: syncId } });
  if (sync === null) return null; // gone with its project: nothing is left to end
  const { status, abortRequestedAt, abortReason } = sync;
  const isOpen = openSyncStatuses.some((open) => open === status);
  return isOpen && abortRequestedAt !== null ? (abortReason ?? 'aborted') : null;
}

/** Of what was undone it also says what has to be done in git by hand, wherever the reason is shown. */
async function reasonOf(
  tx: Prisma.TransactionClient,
  { syncId, outcome, reason }: { syncId: string; outcome: SyncOutcome; reason: string | null },
): Promise<string | null> {
  if (outcome !== 'undone') return reason;
  const { action, revision, previousRevisionId, deployment } =
    await tx.deploymentSync.findUniqueOrThrow({
      where: { id: syncId },
      include: { revision: true, deployment: { include: { opsRepo: true } } },
    });
  if (action !== 'deploy' || deployment.mergeRequestId !== null) return reason;
  const previous = await previousOf(tx, { previousRevisionId });
  const todo = foreignRevert(deployment.opsRepo, { revision, previous });
  return todo === null ? reason : `${(reason ?? outcome).slice(0, 300)}. ${todo}`;
}

async function writeHistory(
  tx: Prisma.TransactionClient,
  sync: Sync,
  row: {
    action: string;
    status: 'success' | 'failure';
    message: string | null;
    revision?: DeploymentRevision;
  },
): Promise<void> {
  const { revision = sync.revision, ...rest } = row;
  const opsRepoSha = row.revision === undefined ? sync.sourceSha : revision.opsRepoSha;
  await tx.deploymentHistory.create({
    data: {
      id: newId('deploymentRecord'),
      deploymentId: sync.deploymentId,
      syncId: sync.id,
      imageRef: revision.imageRef,
      opsRepoSha: sync.deployment.opsRepoId === null ? null : opsRepoSha,
      revisionNumber: revision.number,
      changeId: sync.changeId,
      deployedBy: sync.requestedBy,
      ...rest,
    },
  });
}

async function recordSuccess(tx: Prisma.TransactionClient, sync: Sync): Promise<void> {
  const { deployment, revision } = sync;
  // What was stopped before anything was good has proven nothing.
  const isProven = sync.action !== 'stop' || sync.previousRevisionId !== null;
  if (isProven) {
    await tx.deploymentRevision.update({
      where: { id: revision.id },
      data: { status: 'good', goodAt: new Date(), quarantineReason: null },
    });
  }
  await tx.deployment.update({
    where: { id: deployment.id },
    data: {
      ...(isProven ? { liveRevisionId: revision.id, currentSha: sync.sourceSha } : {}),
      currentStatus: isProven ? 'healthy' : 'pending',
      observedGeneration: sync.generation,
      deployedAt: new Date(),
      statusMessage: sync.action === 'stop' ? 'stopped' : null,
    },
  });
  await writeHistory(tx, sync, { action: sync.action, status: 'success', message: null });
  await publishDeploymentEvent(tx, deployment, {
    type: 'deployment.synced',
    message: isProven
      ? `${deployment.environment}: ${sync.action} of revision ${String(revision.number)} is healthy`
      : `${deployment.environment}: what had been left is gone`,
    changeId: sync.changeId,
    payload: {
      syncId: sync.id,
      action: sync.action,
      imageRef: revision.imageRef,
      revision: revision.number,
    },
  });
}

async function recordUndone(
  tx: Prisma.TransactionClient,
  sync: Sync,
  reason: string,
): Promise<void> {
  await writeHistory(tx, sync, { action: sync.action, status: 'failure', message: reason });
  // Applied once more, what serves is not bad for that.
  const isBad = sync.action === 'deploy' && sync.revisionId !== sync.previousRevisionId;
  if (isBad) await quarantine(tx, sync, reason);
  const previous = await previousOf(tx, sync);
  if (previous === null) {
    await endWithoutLive(tx, sync, `revision ${String(sync.revision.number)} failed: ${reason}`);
    return;
  }
  const message = `revision ${String(sync.revision.number)} failed (${reason}); revision ${String(previous.number)} serves`;
  await tx.deployment.update({
    where: { id: sync.deploymentId },
    data: { currentStatus: 'healthy', statusMessage: message.slice(0, 1000) },
  });
  await desirePrevious(tx, sync, previous);
  if (sync.action !== 'rollback') {
    await writeHistory(tx, sync, {
      action: 'rollback',
      status: 'success',
      message,
      revision: previous,
    });
  }
  await publishDeploymentEvent(tx, sync.deployment, {
    type: 'deployment.rolled_back',
    message: `${sync.deployment.environment}: ${message}`,
    changeId: sync.changeId,
    payload: { syncId: sync.id, imageRef: previous.imageRef, revision: previous.number, reason },
  });
}

async function previousOf(
  tx: Prisma.TransactionClient,
  { previousRevisionId: id }: Pick<DeploymentSync, 'previousRevisionId'>,
): Promise<DeploymentRevision | null> {
  return id === null ? null : await tx.deploymentRevision.findUnique({ where: { id } });
}

/** What was undone, or not let through, is desired no more; unless something newer is by now. */
async function desirePrevious(
  tx: Prisma.TransactionClient,
  sync: Sync,
  previous: DeploymentRevision,
): Promise<void> {
  await tx.deployment.updateMany({
    where: { id: sync.deploymentId, generation: sync.generation },
    data: { ...desiredAfterUndo(sync, previous), observedGeneration: sync.generation },
  });
}

/**
 * What is desired once a sync was undone: what served before it. Its revision is pinned where another one failed; a number
 * of replicas that failed, or a stop, leaves the revision alone.
 */
function desiredAfterUndo(
  { action, deployment, revisionId, previousReplicas }: Sync,
  previous: DeploymentRevision,
): Prisma.DeploymentUncheckedUpdateManyInput {
  const wasStopped = previousReplicas === 0;
  const pin = {
    pinnedRevisionId: previous.id,
    // Who rolls back by hand goes on by hand.
    pinnedByUndo: action !== 'rollback',
    imageRef: previous.imageRef,
  };
  const served = deployment.pinnedRevisionId === null ? 'active' : 'rollback';
  return {
    // Stopped is no number of replicas: the next start brings back as many as were asked for.
    ...(wasStopped ? { desiredStatus: 'stopped' } : { replicas: previousReplicas }),
    ...(revisionId === previous.id ? {} : pin),
    ...(revisionId === previous.id || wasStopped ? {} : { desiredStatus: 'rollback' }),
    ...(action === 'stop' && !wasStopped ? { desiredStatus: served } : {}),
  };
}

async function quarantine(tx: Prisma.TransactionClient, sync: Sync, reason: string): Promise<void> {
  await tx.deploymentRevision.update({
    where: { id: sync.revisionId },
    data: { status: 'bad', quarantineReason: reason.slice(0, 1000) },
  });
  await publishDeploymentEvent(tx, sync.deployment, {
    type: 'deployment.quarantined',
    message: `revision ${String(sync.revision.number)} of ${sync.deployment.environment} is in quarantine`,
    changeId: sync.changeId,
    payload: { syncId: sync.id, revision: sync.revision.number, reason },
  });
}

/** The first revision failed and was taken away again: nothing serves. */
async function endWithoutLive(
  tx: Prisma.TransactionClient,
  sync: Sync,
  message: string,
): Promise<void> {
  await tx.deployment.update({
    where: { id: sync.deploymentId },
    data: {
      currentStatus: 'failed',
      observedGeneration: sync.generation,
      statusMessage: message.slice(0, 1000),
    },
  });
  await publishDeploymentEvent(tx, sync.deployment, {
    type: 'deployment.failed',
    message: `${sync.deployment.environment}: ${message}`,
    changeId: sync.changeId,
    payload: { syncId: sync.id, reason: message },
  });
}

async function recordRejected(
  tx: Prisma.TransactionClient,
  sync: Sync,
  reason: string,
): Promise<void> {
  await writeHistory(tx, sync, { action: sync.action, status: 'failure', message: reason });
  const live = await previousOf(tx, sync);
  if (live !== null) await desirePrevious(tx, sync, live);
  await tx.deployment.update({
    where: { id: sync.deploymentId },
    data: {
      currentStatus: live === null ? 'pending' : 'healthy',
      observedGeneration: sync.generation,
      statusMessage: `revision ${String(sync.revision.number)} was not let through: ${reason}`,
    },
  });
  await publishDeploymentEvent(tx, sync.deployment, {
    type: 'deployment.failed',
    message: `${sync.deployment.environment}: ${reason}`,
    changeId: sync.changeId,
    payload: { syncId: sync.id, reason },
  });
}

async function recordNeedsHuman(
  tx: Prisma.TransactionClient,
  sync: Sync,
  reason: string,
): Promise<void> {
  await writeHistory(tx, sync, { action: sync.action, status: 'failure', message: reason });
  await tx.deployment.update({
    where: { id: sync.deploymentId },
    data: {
      currentStatus: 'failed',
      observedGeneration: sync.generation,
      statusMessage: `needs a person: ${reason}`.slice(0, 1000),
    },
  });
  await publishDeploymentEvent(tx, sync.deployment, {
    type: 'deployment.needs_human',
    message: `${sync.deployment.environment} needs a person: ${reason}`,
    changeId: sync.changeId,
    payload: { syncId: sync.id, reason },
  });
}
