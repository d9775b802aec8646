import type { Manifest } from '../../contracts/deploy/manifest.ts';
import type { HookDeletePolicy } from '../../contracts/deploy/render.ts';
import { hookRunAnnotation } from '../../contracts/deploy/target.ts';
import { type DeployPhase, deployPhases } from '../../contracts/deploy/manifest.ts';
import type { WaveRef } from '../../contracts/deploy/types.ts';
import { placementOf } from '../../domain/deploy/render/hooks.ts';
import { keyOfObject, listAppliedObjects, refOfObject } from '../../domain/deploy/sync-objects.ts';
import type { DeploymentSyncObject } from '../../prisma/generated/client.ts';
import type { DeployActivityDeps } from './deps.ts';
import type { LoadedSync } from './load-sync.ts';

/** Whose run a hook on the target is: this object of this sync. */
export function hookRunOf({ syncId, position }: DeploymentSyncObject): string {
  return `${syncId}.${String(position)}`;
}

/** How a hook ended is told once, by its row: what ran may be gone by its delete policy. */
export function hasEnded({ status }: Pick<DeploymentSyncObject, 'status'>): boolean {
  return status === 'healthy' || status === 'failed';
}

/** The last wave of a rollout that goes well: after it no hook can need another any more. */
export async function isLastWave(
  { db }: DeployActivityDeps,
  syncId: string,
  { phase, wave }: WaveRef,
): Promise<boolean> {
  const objects = await listAppliedObjects(db, syncId);
  const order = (one: { phase: string; wave: number }) =>
    [deployPhases.indexOf(one.phase as DeployPhase), one.wave] as const;
  const [phaseAt, waveAt] = order({ phase, wave });
  return objects
    .filter((object) => object.phase !== 'SyncFail')
    .map(order)
    .every(
      ([otherPhase, other]) => otherPhase < phaseAt || (otherPhase === phaseAt && other <= waveAt),
    );
}

/**
 * Removes the hooks of a sync that ended as their delete policy names. At the end of the sync, as Argo CD does: an account
 * or a ConfigMap that is a hook too is there for the hooks after it. Those of another run stay.
 */
export async function removeEndedHooks(
  deps: DeployActivityDeps,
  { sync, scope }: LoadedSync,
  manifests: ReadonlyMap<string, Manifest>,
): Promise<void> {
  for (const object of (await listAppliedObjects(deps.db, sync.id)).reverse()) {
    const manifest = manifests.get(keyOfObject(object));
    if (manifest === undefined || !hasEnded(object)) continue;
    const { isHook, deletePolicy } = placementOf(manifest);
    const ended: HookDeletePolicy = object.status === 'healthy' ? 'HookSucceeded' : 'HookFailed';
    if (!isHook || !deletePolicy.includes(ended)) continue;
    const live = await deps.target.read(scope, refOfObject(object));
    if (live?.object.metadata.annotations?.[hookRunAnnotation] !== hookRunOf(object)) continue;
    await deps.target.remove(scope, refOfObject(object));
  }
}
