import { createHash } from 'node:crypto';
import { deployPhases, type Manifest, refOf } from '../../../contracts/deploy/manifest.ts';
import type { PlannedWave } from '../../../contracts/deploy/render.ts';
import { canonicalJson } from '../../shared/storable-json.ts';
import { placementOf } from './hooks.ts';
import { compareManifests } from './kind-order.ts';

/**
 * Lays manifests out in the order in which they are applied: phases, in each the waves from low to high, in each the
 * kinds. A hook of two phases is in both; one of none (`Skip`) in none.
 */
export function planWaves(manifests: readonly Manifest[]): PlannedWave[] {
  const sorted = manifests
    .map((manifest) => ({ manifest, placement: placementOf(manifest) }))
    .sort((a, b) => compareManifests(a.manifest, b.manifest));
  return deployPhases.flatMap((phase) => {
    const inPhase = sorted.filter(({ placement }) => placement.phases.includes(phase));
    const waves = [...new Set(inPhase.map(({ placement }) => placement.wave))];
    return waves
      .sort((a, b) => a - b)
      .map((wave) => ({
        phase,
        wave,
        objects: inPhase
          .filter(({ placement }) => placement.wave === wave)
          .map(({ manifest, placement: { isHook, deletePolicy } }) => ({
            ref: refOf(manifest),
            sha256: hashManifest(manifest),
            isHook,
            deletePolicy,
          })),
      }));
  });
}

/** The same for the same object, in whatever order its keys were written. */
export function hashManifest(manifest: Manifest): string {
  return createHash('sha256').update(canonicalJson(manifest)).digest('hex');
}
