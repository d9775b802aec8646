import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { refKey, refOf } from '../../contracts/deploy/manifest.ts';
import type { TargetScope } from '../../contracts/deploy/target.ts';
import { readRevision } from '../../domain/deploy/store-revision.ts';
import type {
  Deployment,
  DeploymentRevision,
  DeploymentSync,
} from '../../prisma/generated/client.ts';
import type { DeployActivityDeps } from './deps.ts';
import { broughtVersions, servedVersions, type VersionsOf } from './secret-versions.ts';
import { prepareManifests, secretNames, stampSecrets } from './prepare-manifest.ts';

/** A sync with what it is about. */
export interface LoadedSync {
  sync: DeploymentSync & { revision: DeploymentRevision };
  deployment: Deployment;
  scope: TargetScope;
}

export async function loadSync(deps: DeployActivityDeps, syncId: string): Promise<LoadedSync> {
  const { deployment, ...sync } = await deps.db.deploymentSync.findUniqueOrThrow({
    where: { id: syncId },
    include: { revision: true, deployment: true },
  });
  return { sync, deployment, scope: scopeOf(deployment) };
}

export function scopeOf(deployment: Deployment): TargetScope {
  const { id, projectId, environment, namespace, clusterScope } = deployment;
  return { deploymentId: id, projectId, environment, namespace, clusterScope };
}

/** The manifests of a revision as they are applied, by object. */
export async function loadManifests(
  deps: DeployActivityDeps,
  deployment: Deployment,
  revision: DeploymentRevision,
  replicas: number | null,
  versionsOf: VersionsOf,
): Promise<Map<string, Manifest>> {
  const { namespace } = deployment;
  const { changeId, imageRef } = revision;
  const rendered = await readRevision(deps.store, revision);
  const manifests = prepareManifests(rendered, { namespace, changeId, imageRef, replicas });
  const names = manifests.flatMap(secretNames);
  if (names.length > 0) stampSecrets(manifests, await versionsOf(names));
  return new Map(manifests.map((manifest) => [refKey(refOf(manifest)), manifest]));
}

/** The manifests that a sync brings. */
export async function loadCurrent(
  deps: DeployActivityDeps,
  { sync, deployment }: LoadedSync,
): Promise<Map<string, Manifest>> {
  const versionsOf = broughtVersions(deps, sync);
  return await loadManifests(deps, deployment, sync.revision, sync.replicas, versionsOf);
}

/** The manifests of the revision that was good before the sync, with its secrets; empty when there was none. */
export async function loadPrevious(
  deps: DeployActivityDeps,
  { sync, deployment }: LoadedSync,
): Promise<Map<string, Manifest>> {
  if (sync.previousRevisionId === null) return new Map();
  const revision = await deps.db.deploymentRevision.findUniqueOrThrow({
    where: { id: sync.previousRevisionId },
  });
  const versionsOf = servedVersions(deps, deployment.id);
  return await loadManifests(deps, deployment, revision, sync.previousReplicas, versionsOf);
}
