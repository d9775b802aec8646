import { type ObjectRef, refKey } from '../../contracts/deploy/manifest.ts';
import type { WaveRef } from '../../contracts/deploy/types.ts';
import type { DeploymentSyncObject } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { storableText } from '../shared/storable-json.ts';
import { publishProgress } from './publish-progress.ts';

export type SyncObjectStatus = 'pending' | 'applied' | 'healthy' | 'failed' | 'pruned' | 'undone';
export type UndoKind = 'restore' | 'remove' | 'none';

/** Objects of one wave in the order of their application. */
export async function listWaveObjects(
  db: Db,
  syncId: string,
  { phase, wave }: WaveRef,
): Promise<DeploymentSyncObject[]> {
  return await db.deploymentSyncObject.findMany({
    where: { syncId, phase, wave, operation: 'apply' },
    orderBy: { position: 'asc' },
  });
}

/** Every object that the sync applies, in order. */
export async function listAppliedObjects(db: Db, syncId: string): Promise<DeploymentSyncObject[]> {
  return await db.deploymentSyncObject.findMany({
    where: { syncId, operation: 'apply' },
    orderBy: { position: 'asc' },
  });
}

/** An object as it is now; a row never goes while its sync is there. */
export async function readObject(
  db: Db,
  { syncId, position }: Pick<DeploymentSyncObject, 'syncId' | 'position'>,
): Promise<DeploymentSyncObject> {
  return await db.deploymentSyncObject.findUniqueOrThrow({
    where: { syncId_position: { syncId, position } },
  });
}

/** What the sync deletes, in order. */
export async function listPruneObjects(db: Db, syncId: string): Promise<DeploymentSyncObject[]> {
  return await db.deploymentSyncObject.findMany({
    where: { syncId, operation: 'prune' },
    orderBy: { position: 'asc' },
  });
}

/** Notes what an undo will do with an object: decided once, before its first application. */
export async function noteUndo(
  db: Db,
  object: DeploymentSyncObject,
  undo: UndoKind,
): Promise<void> {
  await db.deploymentSyncObject.updateMany({
    where: { syncId: object.syncId, position: object.position, undo: null },
    data: { undo },
  });
}

/** Writes how far an object is; nothing when it says that already. */
export async function setObjectStatus(
  db: Db,
  object: Pick<DeploymentSyncObject, 'syncId' | 'position'>,
  status: SyncObjectStatus,
  told: string | null = null,
): Promise<void> {
  const message = told === null ? null : storableText(told.slice(0, 500)); // a target's words
  const { count } = await db.deploymentSyncObject.updateMany({
    where: {
      syncId: object.syncId,
      position: object.position,
      OR: [{ status: { not: status } }, { NOT: { message } }],
    },
    data: { status, message, updatedAt: new Date() },
  });
  if (count > 0) await publishProgress(db, object.syncId);
}

export function refOfObject(object: DeploymentSyncObject): ObjectRef {
  const { apiVersion, kind, namespace, name } = object;
  return { apiVersion, kind, namespace, name };
}

export function keyOfObject(object: DeploymentSyncObject): string {
  return refKey(refOfObject(object));
}
