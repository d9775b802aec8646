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
 * mistake far more often than intended; more than half needs a person.
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

/**
 * What a sync removes of all that is there. With `prune` whatever is rendered no more, of the revision that serves and of
 * everything else that the deployment owns; without it only the leftovers of rollouts that never became good. Those
 * served nobody, so that no person is asked for them.
 */
export function planRemoval(input: {
  /** manifests of the revision that serves */
  previous: readonly Manifest[];
  /** what the target holds of the deployment */
  owned: readonly Manifest[];
  /** `refKey` of objects that only rollouts made that never became good */
  leftovers: ReadonlySet<string>;
  current: readonly ObjectRef[];
  prune: boolean;
}): { remove: ObjectRef[]; needsPerson: boolean } {
  const there = new Map(
    [...input.owned, ...input.previous].map((manifest) => [refKey(refOf(manifest)), manifest]),
  );
  const objects = prunableObjects([...there.values()]);
  const leftovers = objects.filter(({ ref }) => input.leftovers.has(refKey(ref)));
  if (!input.prune) {
    return { remove: planPrune(leftovers, input.current).remove, needsPerson: false };
  }
  const lasting = objects.filter((object) => !leftovers.includes(object));
  return {
    remove: planPrune(objects, input.current).remove,
    needsPerson: planPrune(lasting, input.current).needsPerson,
  };
}
