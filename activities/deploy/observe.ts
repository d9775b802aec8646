import type { Manifest } from '../../contracts/deploy/manifest.ts';
import type { FieldDrift } from '../../contracts/deploy/target.ts';
import type { Observation } from '../../contracts/deploy/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import { findManifestSource } from '../../domain/deploy/manifest-source.ts';
import { driftKey, recordObservation } from '../../domain/deploy/record-observation.ts';
import { placementOf } from '../../domain/deploy/render/hooks.ts';
import { servedReplicas } from '../../domain/deploy/served-replicas.ts';
import type { DeployActivityDeps } from './deps.ts';
import { healthOf } from './await-health.ts';
import { loadManifests, scopeOf } from './load-sync.ts';
import { fillSecrets } from './prepare-manifest.ts';

const idle: Observation = { revisionChanged: false, drift: [], healthy: true };

async function loadLive(deps: DeployActivityDeps, deploymentId: string) {
  const deployment = await deps.db.deployment.findUniqueOrThrow({
    where: { id: deploymentId },
    include: { opsRepo: true, project: { select: { name: true } }, liveRevision: true },
  });
  if (deployment.liveRevision === null)
    return { deployment, manifests: new Map<string, Manifest>() };
  const manifests = await loadManifests(
    deps,
    deployment,
    deployment.liveRevision,
    await servedReplicas(deps.db, deploymentId),
  );
  for (const [key, manifest] of manifests) if (placementOf(manifest).isHook) manifests.delete(key);
  return { deployment, manifests };
}

/** See DeployEffects.observe. */
export function observe(deps: DeployActivityDeps) {
  return async ({ deploymentId }: { deploymentId: string }): Promise<Observation> => {
    const { deployment, manifests } = await loadLive(deps, deploymentId);
    const revisionChanged = await hasNewSource(deps, deployment);
    if (manifests.size === 0) return { ...idle, revisionChanged };
    const scope = scopeOf(deployment);
    const drift: FieldDrift[] = [];
    for (const manifest of manifests.values()) {
      drift.push(...(await deps.target.drift(scope, await fillSecrets(deps, scope, manifest))));
    }
    const health = await healthOf(deps, scope, manifests);
    const addresses = await deps.target.addresses(scope);
    await recordObservation(deps.db, deployment, { ...health, drift, addresses });
    return {
      revisionChanged,
      drift: drift.map((one) => ({ key: driftKey(one), manager: one.manager })),
      healthy: health.healthy,
    };
  };
}

/** Whether the ops repository moved on. Git that is away is no reason to touch what runs. */
async function hasNewSource(
  deps: DeployActivityDeps,
  deployment: Awaited<ReturnType<typeof loadLive>>['deployment'],
): Promise<boolean> {
  if (deployment.opsRepo === null || deployment.desiredStatus !== 'active') return false;
  try {
    const { sha } = await findManifestSource(deps.db, deps.gitStore, deployment);
    return sha !== deployment.currentSha;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    deps.log.warn({ deploymentId: deployment.id, err: error }, 'ops repository could not be read');
    return false;
  }
}

/** See DeployEffects.heal. */
export function heal(deps: DeployActivityDeps) {
  return async ({
    deploymentId,
    skip,
  }: {
    deploymentId: string;
    skip: string[];
  }): Promise<void> => {
    const { deployment, manifests } = await loadLive(deps, deploymentId);
    const scope = scopeOf(deployment);
    const skipped = new Set(skip);
    for (const manifest of manifests.values()) {
      const filled = await fillSecrets(deps, scope, manifest);
      const drift = await deps.target.drift(scope, filled);
      const contested = drift.some((one) => skipped.has(driftKey(one)));
      if (drift.length > 0 && !contested) await deps.target.apply(scope, filled);
    }
  };
}

/** See DeployEffects.removeAll. */
export function removeAll(deps: DeployActivityDeps) {
  return async ({ deploymentId }: { deploymentId: string }): Promise<void> => {
    const deployment = await deps.db.deployment.findUniqueOrThrow({ where: { id: deploymentId } });
    const scope = scopeOf(deployment);
    const owned = await deps.target.list(scope);
    for (const { ref } of owned.reverse()) await deps.target.remove(scope, ref);
  };
}
