import { refKey, refOf } from '../../contracts/deploy/manifest.ts';
import type { Manifest, ObjectRef } from '../../contracts/deploy/manifest.ts';
import { hookRunAnnotation, isOurs, type TargetScope } from '../../contracts/deploy/target.ts';
import type { WaveRef } from '../../contracts/deploy/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import { listLeftovers } from '../../domain/deploy/list-leftovers.ts';
import { placementOf } from '../../domain/deploy/render/hooks.ts';
import {
  keyOfObject,
  listPruneObjects,
  listWaveObjects,
  noteUndo,
  refOfObject,
  setObjectStatus,
  type UndoKind,
} from '../../domain/deploy/sync-objects.ts';
import type { DeploymentSyncObject } from '../../prisma/generated/client.ts';
import { isAdopting, refuseUnadopted } from './adopt.ts';
import type { DeployActivityDeps } from './deps.ts';
import { hasEnded, hookRunOf } from './end-hooks.ts';
import { loadCurrent, loadPrevious, type LoadedSync, loadSync } from './load-sync.ts';
import { fillSecrets } from './prepare-manifest.ts';
import { broughtVersions, servedVersions } from './secret-versions.ts';

type WaveInput = { syncId: string } & WaveRef;

function manifestFor(manifests: Map<string, Manifest>, object: DeploymentSyncObject): Manifest {
  const manifest = manifests.get(keyOfObject(object));
  if (manifest === undefined) {
    throw new DomainError('not_found', `The revision does not hold ${keyOfObject(object)}.`);
  }
  return manifest;
}

/** Notes what an undo will do with each object of the wave; what was noted before stays. */
async function registerUndo(
  deps: DeployActivityDeps,
  loaded: LoadedSync,
  objects: readonly DeploymentSyncObject[],
  current: Map<string, Manifest>,
): Promise<void> {
  const fresh = objects.filter(({ undo }) => undo === null);
  if (fresh.length === 0) return;
  const previous = await loadPrevious(deps, loaded);
  const leftovers = await listLeftovers(deps.db, loaded.deployment.id);
  for (const object of fresh) {
    const manifest = manifestFor(current, object);
    const key = refKey(refOf(manifest));
    const undo = placementOf(manifest).isHook
      ? 'none'
      : previous.has(key)
        ? 'restore'
        : await notingRefusal(deps, object, () =>
            undoOfNew(deps, loaded, manifest, leftovers.has(key)),
          );
    await noteUndo(deps.db, object, undo);
  }
}

/**
 * What was there before without being of the good revision stays, but for what a rollout that never ended made.
 * @throws DomainError `forbidden` for what somebody else made, unless it is to be adopted
 */
async function undoOfNew(
  deps: DeployActivityDeps,
  { scope }: LoadedSync,
  manifest: Manifest,
  isLeftover: boolean,
): Promise<UndoKind> {
  const live = await deps.target.read(scope, refOf(manifest));
  if (live === null) return 'remove';
  if (isOurs(scope, live.object)) return isLeftover ? 'remove' : 'none';
  refuseUnadopted(manifest, live);
  return 'none';
}

/**
 * Removes an object of the deployment. What somebody else made under its name since is theirs: it stays, and is no reason
 * to call a revision bad. @returns what is to be said of it; null when it is gone
 */
async function removeOwned(
  deps: DeployActivityDeps,
  scope: TargetScope,
  ref: ObjectRef,
): Promise<string | null> {
  const live = await deps.target.read(scope, ref);
  if (live !== null && !isOurs(scope, live.object))
    return 'left there: it is not of this deployment';
  await deps.target.remove(scope, ref);
  return null;
}

/** See DeployEffects.applyWave. */
export function applyWave(deps: DeployActivityDeps) {
  return async ({ syncId, ...wave }: WaveInput): Promise<void> => {
    const loaded = await loadSync(deps, syncId);
    const manifests = await loadCurrent(deps, loaded);
    const objects = await listWaveObjects(deps.db, syncId, wave);
    await registerUndo(deps, loaded, objects, manifests);
    for (const object of objects) {
      if (object.status !== 'pending') continue;
      await applyOne(deps, loaded, object, manifestFor(manifests, object));
    }
  };
}

async function applyOne(
  deps: DeployActivityDeps,
  { scope, sync }: LoadedSync,
  object: DeploymentSyncObject,
  manifest: Manifest,
): Promise<void> {
  await notingRefusal(deps, object, async () => {
    const filled = await fillSecrets(deps, scope, manifest, broughtVersions(deps, sync));
    if (placementOf(manifest).isHook) await runHook(deps, scope, object, filled);
    else await deps.target.apply(scope, filled);
  });
  await setObjectStatus(deps.db, object, 'applied');
}

/** Notes with the object why it cannot be applied, unless that passes. */
async function notingRefusal<T>(
  deps: DeployActivityDeps,
  object: DeploymentSyncObject,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DomainError && error.code !== 'unavailable') {
      await setObjectStatus(deps.db, object, 'failed', error.message);
    }
    throw error;
  }
}

/**
 * A hook is a run, not a state: what is left of the last one goes first, whatever its delete policy. It carries whose
 * run it is, so that a deployer that died before it could note that it began one does not begin a second.
 */
async function runHook(
  deps: DeployActivityDeps,
  scope: TargetScope,
  object: DeploymentSyncObject,
  manifest: Manifest,
): Promise<void> {
  const run = hookRunOf(object);
  const live = await deps.target.read(scope, refOf(manifest));
  const isGoing = live?.object.metadata['deletionTimestamp'] !== undefined;
  if (live?.object.metadata.annotations?.[hookRunAnnotation] === run && !isGoing) return;
  await deps.target.remove(scope, refOf(manifest));
  const marked = {
    ...manifest,
    metadata: {
      ...manifest.metadata,
      annotations: { ...manifest.metadata.annotations, [hookRunAnnotation]: run },
    },
  };
  await deps.target.apply(scope, marked);
}

/** See DeployEffects.pruneObjects. */
export function pruneObjects(deps: DeployActivityDeps) {
  return async ({ syncId }: { syncId: string }): Promise<void> => {
    const { scope } = await loadSync(deps, syncId);
    for (const object of await listPruneObjects(deps.db, syncId)) {
      if (object.status === 'pruned') continue;
      const left = await removeOwned(deps, scope, refOfObject(object));
      await setObjectStatus(deps.db, object, 'pruned', left);
    }
  };
}

/** As it was before the sync, with the secrets that it had. */
async function applyBefore(
  deps: DeployActivityDeps,
  { scope, deployment }: LoadedSync,
  before: Manifest,
): Promise<void> {
  const filled = await fillSecrets(deps, scope, before, servedVersions(deps, deployment.id));
  await deps.target.apply(scope, filled);
}

/** See DeployEffects.restorePruned. */
export function restorePruned(deps: DeployActivityDeps) {
  return async ({ syncId }: { syncId: string }): Promise<void> => {
    const loaded = await loadSync(deps, syncId);
    const previous = await loadPrevious(deps, loaded);
    for (const object of (await listPruneObjects(deps.db, syncId)).reverse()) {
      const before = previous.get(keyOfObject(object));
      if (object.status === 'undone' || before === undefined) continue;
      await applyBefore(deps, loaded, before);
      await setObjectStatus(deps.db, object, 'undone');
    }
  };
}

/** See DeployEffects.undoWave. */
export function undoWave(deps: DeployActivityDeps) {
  return async ({ syncId, ...wave }: WaveInput): Promise<void> => {
    const loaded = await loadSync(deps, syncId);
    const previous = await loadPrevious(deps, loaded);
    const current = await loadCurrent(deps, loaded);
    const objects = await listWaveObjects(deps.db, syncId, wave);
    for (const object of objects.reverse()) {
      if (object.status === 'undone' || object.undo === null) continue;
      const manifest = manifestFor(current, object);
      // A hook that ran is not undone; how it ended says whether it goes.
      if (placementOf(manifest).isHook && hasEnded(object)) continue;
      const ref = refOf(manifest);
      const before = previous.get(refKey(ref));
      if (object.undo === 'restore' && before !== undefined) {
        await applyBefore(deps, loaded, before);
      }
      if (object.undo === 'none' && isAdopting(manifest)) {
        await deps.target.release(loaded.scope, ref);
      }
      const left = object.undo === 'remove' ? await removeOwned(deps, loaded.scope, ref) : null;
      await setObjectStatus(deps.db, object, 'undone', left ?? object.message);
    }
  };
}
