import type { Manifest, ObjectRef } from '../../contracts/deploy/manifest.ts';
import { refKey, refOf } from '../../contracts/deploy/manifest.ts';
import type { PlannedWave } from '../../contracts/deploy/render.ts';
import type { SyncAction, SyncPlan } from '../../contracts/deploy/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import { beginSync } from '../../domain/deploy/begin-sync.ts';
import { requireOwnArtifacts } from '../../domain/deploy/find-artifact-image.ts';
import { listLeftovers } from '../../domain/deploy/list-leftovers.ts';
import { findManifestSource, type ManifestSource } from '../../domain/deploy/manifest-source.ts';
import { inNamespace } from '../../domain/deploy/namespace.ts';
import { planRemoval } from '../../domain/deploy/render/plan-prune.ts';
import { planWaves } from '../../domain/deploy/render/plan-waves.ts';
import { servedReplicas } from '../../domain/deploy/served-replicas.ts';
import { ownerOf } from '../../domain/pipeline/repository-reader.ts';
import { settleWithoutSync } from '../../domain/deploy/settle-without-sync.ts';
import { readRevision, storeRevision } from '../../domain/deploy/store-revision.ts';
import { refusalOfDatabase } from '../../domain/shared/database-refusal.ts';
import { noteHead } from '../../domain/deploy/adopt-revision.ts';
import type {
  Deployment,
  DeploymentRevision,
  DeploymentSync,
  OpsRepo,
  Project,
} from '../../prisma/generated/client.ts';
import { afterTries, currentTry, isWaitedFor, type Patience, usualPatience } from '../patience.ts';
import type { DeployActivityDeps } from './deps.ts';
import { scopeOf } from './load-sync.ts';
import { hasNewSecrets, tryAdoptRevision } from './observe.ts';
import { refuseStraySecrets, secretNames } from './prepare-manifest.ts';
import { servedVersions } from './secret-versions.ts';

type Loaded = Deployment & {
  opsRepo: OpsRepo | null;
  project: Project;
  liveRevision: DeploymentRevision | null;
  pinnedRevision: DeploymentRevision | null;
};

/** See DeployEffects.planSync. */
export function planSync(deps: DeployActivityDeps) {
  return async ({ deploymentId }: { deploymentId: string }): Promise<SyncPlan> => {
    const deployment = await loadAdopted(deps, deploymentId);
    if (deployment === null) return { kind: 'nothing', reason: 'the deployment is gone' };
    try {
      return await planFor(deps, deployment);
    } catch (error) {
      const refusal = refusalOf(error, deps.patience);
      if (refusal === null) throw error;
      const { message, isSealed } = refusal;
      const kind = isSealed ? 'sealed' : 'refused';
      await settleWithoutSync(deps.db, deployment, { kind, message });
      return { kind: 'nothing', reason: message, ...(isSealed ? { isSealed } : {}) };
    }
  };
}

/** Why nothing can be planned until something else is desired; null for what a further try may find gone. */
function refusalOf(
  error: unknown,
  { tries }: Patience = usualPatience,
): { message: string; isSealed: boolean } | null {
  const refused = refusalOfDatabase(error);
  if (refused !== null) return { message: refused, isSealed: false };
  if (!(error instanceof DomainError) || error.code === 'unavailable') return null;
  // Secrets that are sealed are waited for by the workflow, for as long as it takes.
  const isSealed = error.code === 'sealed';
  if (!isSealed && isWaitedFor(error)) {
    return currentTry() < tries ? null : { message: afterTries(error.message, tries), isSealed };
  }
  const details = error.errors.map((one) => `${one.pointer} ${one.detail}`.trim());
  const message = [error.message, ...details.slice(0, 10)].join('\n');
  return { message, isSealed };
}

/** The deployment, as it is once a new head of its ops repository is adopted. */
async function loadAdopted(deps: DeployActivityDeps, id: string): Promise<Loaded | null> {
  const load = () =>
    deps.db.deployment.findUnique({
      where: { id },
      include: { opsRepo: true, project: true, liveRevision: true, pinnedRevision: true },
    });
  const found = await load();
  if (found?.opsRepo == null) return found;
  await tryAdoptRevision(deps, found);
  return await load();
}

async function planFor(deps: DeployActivityDeps, deployment: Loaded): Promise<SyncPlan> {
  const isStop = deployment.desiredStatus === 'stopped';
  if (isStop && deployment.liveRevision === null) return await planStopOfNothing(deps, deployment);
  const { revision, manifests, sha } = await desiredRevision(deps, deployment);
  const after = isStop ? 0 : deployment.replicas;
  const before = await servedReplicas(deps.db, deployment.id);
  const action = actionOf(deployment, revision, { before, after });
  if (revision.status === 'bad' && deployment.desiredStatus === 'active') {
    const message = `revision ${String(revision.number)} is in quarantine: ${revision.quarantineReason ?? ''}`;
    await settleWithoutSync(deps.db, deployment, { kind: 'quarantined', message, sha });
    return { kind: 'nothing', reason: message };
  }
  const isServed =
    revision.id === deployment.liveRevisionId &&
    deployment.observedGeneration === deployment.generation &&
    !(await hasNewSecrets(deps, deployment, manifests.flatMap(secretNames)));
  if (isServed) {
    await settleWithoutSync(deps.db, deployment, { kind: 'served', message: '', sha });
    return { kind: 'nothing', reason: 'what is desired is served' };
  }
  // What was good before was asked after when it came; a stop brings nothing.
  if (!isStop && revision.id !== deployment.pinnedRevisionId) {
    await deps.secrets.requireBeside(deployment.id, sha);
  }
  const secretVersions = await versionsToBring(deps, deployment, manifests);
  const waves = isStop
    ? planWaves(manifests).filter((wave) => wave.phase === 'Sync')
    : planWaves(manifests);
  const prune = await planPruning(deps, deployment, manifests);
  const sync = await beginSync(deps.db, deployment, {
    revision,
    sourceSha: sha,
    action,
    replicas: after,
    previousReplicas: before,
    secretVersions,
    waves,
    prune: prune.remove,
  });
  return planned(sync, revision, waves, prune);
}

function planned(
  sync: DeploymentSync,
  revision: DeploymentRevision,
  waves: readonly PlannedWave[],
  prune: { remove: readonly ObjectRef[]; needsPerson: boolean },
): SyncPlan {
  return {
    kind: 'planned',
    syncId: sync.id,
    number: sync.number,
    generation: sync.generation,
    revisionId: revision.id,
    revisionNumber: revision.number,
    action: sync.action as SyncAction,
    waves: waves.map(({ phase, wave }) => ({ phase, wave })),
    prune: { count: prune.remove.length, needsPerson: prune.needsPerson },
  };
}

/** Read before anything is touched: values that cannot be had would end it half way. A stop brings no newer ones. */
async function versionsToBring(
  deps: DeployActivityDeps,
  { id, desiredStatus }: Deployment,
  manifests: readonly Manifest[],
): Promise<ReadonlyMap<string, number>> {
  const names = manifests.flatMap(secretNames);
  if (names.length === 0) return new Map();
  if (desiredStatus === 'stopped') return await servedVersions(deps, id)(names);
  return await deps.secrets.versions('newest', id, names);
}

/** Nothing was ever good there: what rollouts that did not end well have left goes, and no revision is good for it. */
async function planStopOfNothing(deps: DeployActivityDeps, deployment: Loaded): Promise<SyncPlan> {
  const leftovers = await listLeftovers(deps.db, deployment.id);
  const owned = leftovers.size === 0 ? [] : await deps.target.list(scopeOf(deployment));
  const remove = owned
    .map(({ object }) => refOf(object))
    .filter((ref) => leftovers.has(refKey(ref)));
  const last = await deps.db.deploymentSync.findFirst({
    where: { deploymentId: deployment.id },
    orderBy: { number: 'desc' },
    include: { revision: true },
  });
  if (last === null || remove.length === 0) {
    await settleWithoutSync(deps.db, deployment, { kind: 'stopped', message: 'stopped' });
    return { kind: 'nothing', reason: 'nothing runs that could be stopped' };
  }
  const sync = await beginSync(deps.db, deployment, {
    revision: last.revision,
    sourceSha: null,
    action: 'stop',
    replicas: 0,
    previousReplicas: null,
    secretVersions: new Map(),
    waves: [],
    prune: remove,
  });
  return planned(sync, last.revision, [], { remove, needsPerson: false });
}

/** The words of seed 001's history; starting what was stopped is a scaling of what serves. */
function actionOf(
  deployment: Loaded,
  revision: DeploymentRevision,
  replicas: { before: number | null; after: number | null },
): SyncAction {
  if (deployment.desiredStatus === 'stopped') return 'stop';
  if (revision.id === deployment.liveRevisionId && replicas.before !== replicas.after) {
    return 'scale';
  }
  return deployment.desiredStatus === 'rollback' ? 'rollback' : 'deploy';
}

/** The revision to bring about: the pinned one, the one that serves (to stop it), or a fresh rendering. */
async function desiredRevision(
  deps: DeployActivityDeps,
  deployment: Loaded,
): Promise<{ revision: DeploymentRevision; manifests: Manifest[]; sha: string | null }> {
  const kept =
    deployment.desiredStatus === 'rollback'
      ? deployment.pinnedRevision
      : deployment.desiredStatus === 'stopped'
        ? deployment.liveRevision
        : null;
  if (kept !== null) {
    return {
      revision: kept,
      manifests: inNamespace(await readRevision(deps.store, kept), deployment.namespace),
      sha: kept.opsRepoSha ?? kept.commitSha,
    };
  }
  const source = await adoptedSource(deps, deployment);
  const folder = await deps.manifestFiles.read(source);
  const input = {
    ...folder,
    namespace: deployment.namespace,
    imageRef: deployment.imageRef,
    valuesOverride: deployment.valuesOverride as Record<string, unknown> | null,
    facts: {
      environment: deployment.environment,
      project: deployment.project.name,
      changeId: deployment.changeId,
      commit: deployment.commitSha,
    },
    clusterScope: deployment.clusterScope,
  };
  const whose = ownerOf(deployment.project.repoPath ?? deployment.projectId);
  const manifests = await deps.render(input, whose);
  refuseStraySecrets(manifests);
  await requireOwnArtifacts(deps.db, deployment.projectId, manifests);
  const revision = await storeRevision(deps.db, deps.store, deployment, {
    manifests,
    opsRepoSha: source.opsRepoSha,
    commitSha: deployment.commitSha,
  });
  return { revision, manifests, sha: source.sha };
}

/** The commit that was adopted: one that came since is a desired revision of its own. */
async function adoptedSource(
  deps: DeployActivityDeps,
  deployment: Loaded,
): Promise<ManifestSource> {
  const { db, gitStore: store, fetchOpsRepo: fetchFirst } = deps;
  const head = await findManifestSource({ db, store, fetchFirst }, deployment);
  const { adoptedSha } = deployment;
  if (head.opsRepoSha === null || head.sha === adoptedSha) return head;
  const isKept =
    adoptedSha !== null && (await store.resolveCommit(head.repoPath, adoptedSha)) === adoptedSha;
  if (isKept) return { ...head, sha: adoptedSha, opsRepoSha: adoptedSha };
  await noteHead(db, deployment, head.sha);
  return head;
}

async function planPruning(
  deps: DeployActivityDeps,
  deployment: Loaded,
  manifests: readonly Manifest[],
): Promise<{ remove: ObjectRef[]; needsPerson: boolean }> {
  const { prune, liveRevision } = deployment;
  const leftovers = await listLeftovers(deps.db, deployment.id);
  if (!prune && leftovers.size === 0) return { remove: [], needsPerson: false };
  const owned = await deps.target.list(scopeOf(deployment));
  const { remove, needsPerson } = planRemoval({
    previous:
      liveRevision === null
        ? []
        : inNamespace(await readRevision(deps.store, liveRevision), deployment.namespace),
    owned: owned.map(({ object }) => object),
    leftovers,
    current: manifests.map(refOf),
    prune,
  });
  // Of a preview nothing is worth a question: it is gone with its merge request anyway.
  return { remove, needsPerson: needsPerson && deployment.mergeRequestId === null };
}
