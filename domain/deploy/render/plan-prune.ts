import {
  type Manifest,
  type ObjectRef,
  refKey,
  refOf,
} from '../../../contracts/deploy/manifest.ts';
import type { PrunableObject, PrunePlan } from '../../../contracts/deploy/render.ts';
import { isKeptFromPruning, placementOf } from './hooks.ts';
import { compareManifests } from './kind-order.ts';

/** Objects of a revision as pruning sees them, in the order in which they were applied. Hooks end by their own policy. */
export function prunableObjects(manifests: readonly Manifest[]): PrunableObject[] {
  return [...manifests]
    .sort(compareManifests)
    .map((manifest) => ({ manifest, placement: placementOf(manifest) }))
    .filter(({ placement }) => !placement.isHook)
    .sort((a, b) => a.placement.wave - b.placement.wave)
    .map(({ manifest, placement }) => ({
      ref: refOf(manifest),
      wave: placement.wave,
      isKept: isKeptFromPruning(manifest),
    }));
}

/**
 * What goes because it is rendered no more: last applied first. Nothing goes when nothing was rendered, since that is a
 * mistake far more often than a wish; more than half needs a person.
 * @param previous in the order in which it was applied (`prunableObjects`)
 */
export function planPrune(
  previous: readonly PrunableObject[],
  current: readonly ObjectRef[],
): PrunePlan {
  const rendered = new Set(current.map(refKey));
  const goes = (object: PrunableObject) =>
    rendered.size > 0 && !object.isKept && !rendered.has(refKey(object.ref));
  const remove = previous.filter(goes).map(({ ref }) => ref);
  return {
    remove: remove.reverse(),
    keep: previous.filter((object) => !goes(object)).map(({ ref }) => ref),
    needsPerson: remove.length * 2 > previous.length,
  };
}
