import { type Manifest, refKey } from '../../contracts/deploy/manifest.ts';
import type { FieldDrift, LiveObject, TargetScope } from '../../contracts/deploy/target.ts';
import type { Observation } from '../../contracts/deploy/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import { driftKey, recordObservation } from '../../domain/deploy/record-observation.ts';
import { placementOf } from '../../domain/deploy/render/hooks.ts';
import { servedReplicas } from '../../domain/deploy/served-replicas.ts';
import { type MayFollow, adoptRevision } from '../../domain/deploy/adopt-revision.ts';
import type { Deployment } from '../../prisma/generated/client.ts';
import type { DeployActivityDeps } from './deps.ts';
import { healthOf } from './await-health.ts';
import { leaveFormerNamespace } from './leave-namespace.ts';
import { loadManifests, scopeOf } from './load-sync.ts';
import { fillSecrets, secretNames } from './prepare-manifest.ts';
import { servedVersions, triedVersions } from './secret-versions.ts';

const idle: Observation = { revisionChanged: false, drift: [], healthy: true };

/** A deployment with the manifests that serve, as they were applied, hooks left out; null when it is gone. */
export async function loadLive(deps: DeployActivityDeps, deploymentId: string) {
  const deployment = await deps.db.deployment.findUnique({
    where: { id: deploymentId },
    include: { opsRepo: true, project: { select: { name: true } }, liveRevision: true },
  });
  if (deployment === null) return null;
  if (deployment.liveRevision === null)
    return { deployment, manifests: new Map<string, Manifest>() };
  const manifests = await loadManifests(
    deps,
    deployment,
    deployment.liveRevision,
    await servedReplicas(deps.db, deploymentId),
    servedVersions(deps, deploymentId),
  );
  for (const [key, manifest] of manifests) if (placementOf(manifest).isHook) manifests.delete(key);
  return { deployment, manifests };
}

/** See DeployEffects.observe. */
export function observe(deps: DeployActivityDeps) {
  return async ({ deploymentId }: { deploymentId: string }): Promise<Observation> => {
    const live = await loadLive(deps, deploymentId);
    if (live === null) return idle;
    const { deployment, manifests } = live;
    const names = [...manifests.values()].flatMap(secretNames);
    const revisionChanged =
      (await tryAdoptRevision(deps, deployment)) ||
      (deployment.currentStatus === 'healthy' && (await hasNewSecrets(deps, deployment, names)));
    if (manifests.size === 0) return { ...idle, revisionChanged };
    const scope = scopeOf(deployment);
    const drift: FieldDrift[] = [];
    const owned = await listOwned(deps, scope);
    for await (const found of compareLive(deps, scope, manifests, owned))
      drift.push(...found.drift);
    const health = await healthOf(deps, scope, manifests, owned);
    const addresses = await deps.target.addresses(scope);
    await recordObservation(deps.db, deployment, { ...health, drift, addresses });
    // What serves in the old place goes only when the new one is as it should be.
    if (health.healthy && drift.length === 0 && isSettled(deployment)) {
      await leaveFormerNamespace(deps, deployment);
    }
    return {
      revisionChanged,
      drift: drift.map((one) => ({ key: driftKey(one), manager: one.manager })),
      healthy: health.healthy,
    };
  };
}

function isSettled({ generation, observedGeneration, isDeleting }: Deployment): boolean {
  return observedGeneration >= generation && !isDeleting;
}

/** What the deployment owns, by `refKey`: one request a kind instead of one an object. */
export async function listOwned(
  { target }: DeployActivityDeps,
  scope: TargetScope,
): Promise<Map<string, LiveObject>> {
  return new Map((await target.list(scope)).map((one) => [refKey(one.ref), one]));
}

/** Each manifest as it was applied, with what differs on the target; one that cannot be compared is left out. */
export async function* compareLive(
  deps: DeployActivityDeps,
  scope: TargetScope,
  manifests: ReadonlyMap<string, Manifest>,
  owned: ReadonlyMap<string, LiveObject>,
): AsyncGenerator<{ filled: Manifest; drift: FieldDrift[] }> {
  for (const [key, manifest] of manifests) {
    const filled = await fillHeld(deps, scope, manifest);
    if (filled === null) continue;
    yield { filled, drift: await deps.target.drift(scope, filled, owned.get(key)) };
  }
}

/** As it was applied; null for a Secret whose values cannot be had any more, which is left as it is. */
async function fillHeld(
  deps: DeployActivityDeps,
  scope: TargetScope,
  manifest: Manifest,
): Promise<Manifest | null> {
  try {
    return await fillSecrets(deps, scope, manifest, servedVersions(deps, scope.deploymentId));
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'secret_unavailable') throw error;
    deps.log.warn({ deploymentId: scope.deploymentId, err: error }, 'a Secret is not compared');
    return null;
  }
}

/** Adopts a new head of the ops repository. Git that is away is no reason to touch what runs. */
export async function tryAdoptRevision(
  deps: DeployActivityDeps,
  deployment: MayFollow,
): Promise<boolean> {
  try {
    return await adoptRevision({ db: deps.db, store: deps.gitStore }, deployment);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    deps.log.warn({ deploymentId: deployment.id, err: error }, 'ops repository could not be read');
    return false;
  }
}

/** Whether a rollout would bring newer values than any that was begun. Secrets that cannot be had are no reason to touch it. */
export async function hasNewSecrets(
  deps: DeployActivityDeps,
  { id, desiredStatus }: { id: string; desiredStatus: string },
  names: readonly string[],
): Promise<boolean> {
  if (names.length === 0 || desiredStatus === 'stopped') return false;
  try {
    const tried = await triedVersions(deps, id)(names);
    const newest = await deps.secrets.versions('newest', id, names);
    return [...newest].some(([name, version]) => (tried.get(name) ?? version) < version);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    deps.log.warn({ deploymentId: id, err: error }, 'secrets could not be compared');
    return false;
  }
}
