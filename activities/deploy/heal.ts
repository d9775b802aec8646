import { type Manifest, refKey, refOf } from '../../contracts/deploy/manifest.ts';
import type { FieldDrift, TargetScope } from '../../contracts/deploy/target.ts';
import { DomainError } from '../../contracts/problems.ts';
import { ignoreDifferences } from '../../domain/deploy/ignore-differences.ts';
import { driftKey, recordDrift } from '../../domain/deploy/record-observation.ts';
import type { DeployActivityDeps } from './deps.ts';
import { scopeOf } from './load-sync.ts';
import { compareLive, listOwned, loadLive } from './observe.ts';

/** See DeployEffects.heal. */
export function heal(deps: DeployActivityDeps) {
  return async ({
    deploymentId,
    skip,
  }: {
    deploymentId: string;
    skip: string[];
  }): Promise<void> => {
    const live = await loadLive(deps, deploymentId);
    if (live === null) return;
    const { deployment, manifests } = live;
    const scope = scopeOf(deployment);
    const skipped = new Set(skip);
    const amiss: Manifest[] = [];
    const found: FieldDrift[] = [];
    const owned = await listOwned(deps, scope);
    for await (const { filled, drift } of compareLive(deps, scope, manifests, owned)) {
      found.push(...drift);
      const contested = drift.filter((one) => skipped.has(driftKey(one)));
      if (contested.length === drift.length) continue;
      const healing = await withoutContested(deps, scope, filled, contested);
      if (healing !== null) amiss.push(healing);
    }
    await recordDrift(deps.db, deployment, found);
    // It may have been turned off, or paused, while all of that was compared.
    const now = await deps.db.deployment.findUnique({ where: { id: deploymentId } });
    if (now === null || !now.selfHeal || now.isPaused) return;
    for (const manifest of amiss) await applyOrTell(deps, scope, manifest);
  };
}

/** The manifest with contested fields as they are live; null when the object went away meanwhile, which the next observation finds. */
async function withoutContested(
  deps: DeployActivityDeps,
  scope: TargetScope,
  manifest: Manifest,
  contested: readonly FieldDrift[],
): Promise<Manifest | null> {
  if (contested.length === 0) return manifest;
  const live = await deps.target.read(scope, refOf(manifest));
  return live === null ? null : ignoreDifferences(manifest, contested, live.object);
}

/** One object that the target refuses must not keep the others as they are. */
async function applyOrTell(
  { target, log }: DeployActivityDeps,
  scope: TargetScope,
  manifest: Manifest,
): Promise<void> {
  try {
    await target.apply(scope, manifest);
  } catch (error) {
    const isRefused =
      error instanceof DomainError && ['validation_failed', 'forbidden'].includes(error.code);
    if (!isRefused) throw error;
    const { deploymentId } = scope;
    log.warn({ deploymentId, object: refKey(refOf(manifest)), err: error }, 'drift stays');
  }
}
