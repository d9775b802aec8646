import type { ObjectRef } from '../../contracts/deploy/manifest.ts';
import type { PlannedWave } from '../../contracts/deploy/render.ts';
import type { SyncAction } from '../../contracts/deploy/types.ts';
import type {
  Deployment,
  DeploymentRevision,
  DeploymentSync,
  Prisma,
  PrismaClient,
} from '../../prisma/generated/client.ts';
import { voidGatesOf } from '../gate/void-gates.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { publishDeploymentEvent } from './deployment-event.ts';
import { originOfSync } from './origin-of-sync.ts';

/** Statuses of a sync that has not ended. */
export const openSyncStatuses = ['running', 'waiting', 'baking', 'undoing'] as const;

/** What a sync is to do. */
interface SyncLayout {
  revision: DeploymentRevision;
  /** commit that it was rendered from */
  sourceSha: string | null;
  action: SyncAction;
  replicas: number | null;
  previousReplicas: number | null;
  /** of the secrets that it brings, by name */
  secretVersions: ReadonlyMap<string, number>;
  waves: readonly PlannedWave[];
  prune: readonly ObjectRef[];
}

/**
 * Lays out a sync: its waves and what will be pruned, one row an object. Idempotent by generation and revision while it
 * is open: a planning that is repeated after a lost answer finds the sync that it began. An older open one is superseded.
 */
export async function beginSync(
  db: PrismaClient,
  deployment: Deployment,
  input: SyncLayout,
): Promise<DeploymentSync> {
  const { revision } = input;
  return await inTransaction(db, async (tx) => {
    await tx.$queryRaw`SELECT id FROM deployments WHERE id = ${deployment.id} FOR UPDATE`;
    const open = await tx.deploymentSync.findMany({
      where: { deploymentId: deployment.id, status: { in: [...openSyncStatuses] } },
    });
    const same = open.find(
      (sync) => sync.generation === deployment.generation && sync.revisionId === revision.id,
    );
    if (same !== undefined) return same;
    for (const { id } of open) await supersede(tx, id);
    const sync = await tx.deploymentSync.create({
      data: {
        id: newId('deploymentSync'),
        deploymentId: deployment.id,
        projectId: deployment.projectId,
        number: await nextNumber(tx, deployment.id),
        generation: deployment.generation,
        revisionId: revision.id,
        sourceSha: input.sourceSha,
        previousRevisionId: deployment.liveRevisionId,
        previousReplicas: input.previousReplicas,
        replicas: input.replicas,
        secretVersions: Object.fromEntries(input.secretVersions),
        action: input.action,
        changeId: deployment.changeId,
        pipelineId: input.action === 'deploy' ? deployment.pipelineId : null,
        requestedBy: deployment.deployedBy,
        originIds: await originOfSync(tx, deployment, revision, input.sourceSha),
      },
    });
    await insertObjects(tx, sync.id, input.waves, input.prune);
    await announce(tx, deployment, sync, revision);
    return sync;
  });
}

async function supersede(tx: Prisma.TransactionClient, id: string): Promise<void> {
  await tx.deploymentSync.update({
    where: { id },
    data: { status: 'superseded', finishedAt: new Date() },
  });
  await voidGatesOf(tx, { subjectType: 'deployment', subjectId: id }, 'something newer is desired');
}

async function announce(
  tx: Prisma.TransactionClient,
  deployment: Deployment,
  sync: DeploymentSync,
  revision: DeploymentRevision,
): Promise<void> {
  const { action } = sync;
  await tx.deployment.update({
    where: { id: deployment.id },
    data: { currentStatus: 'syncing', statusMessage: null },
  });
  await publishDeploymentEvent(tx, deployment, {
    type: 'deployment.sync_started',
    message: `${action} of revision ${String(revision.number)} to ${deployment.environment}`,
    actorId: deployment.deployedBy,
    payload: { syncId: sync.id, number: sync.number, action, imageRef: revision.imageRef },
  });
}

async function nextNumber(tx: Prisma.TransactionClient, deploymentId: string): Promise<number> {
  const last = await tx.deploymentSync.aggregate({
    where: { deploymentId },
    _max: { number: true },
  });
  return (last._max.number ?? 0) + 1;
}

async function insertObjects(
  tx: Prisma.TransactionClient,
  syncId: string,
  waves: readonly PlannedWave[],
  prune: readonly ObjectRef[],
): Promise<void> {
  const applied = waves.flatMap(({ phase, wave, objects }) =>
    objects.map(({ ref }) => ({ phase, wave, operation: 'apply', ...ref })),
  );
  const pruned = prune.map((ref) => ({ phase: 'Sync', wave: 0, operation: 'prune', ...ref }));
  await tx.deploymentSyncObject.createMany({
    data: [...applied, ...pruned].map((object, position) => ({ syncId, position, ...object })),
  });
}
