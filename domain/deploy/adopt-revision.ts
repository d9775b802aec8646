import type { GitStore } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';
import type {
  Deployment,
  OpsRepo,
  Prisma,
  PrismaClient,
  Push,
} from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { inTransaction } from '../shared/tx.ts';
import { openSyncStatuses } from './begin-sync.ts';
import { publishDeploymentEvent } from './deployment-event.ts';
import { inheritedOrigin } from './inherited-origin.ts';
import { findManifestSource, type ManifestSource } from './manifest-source.ts';
import { neededApprovals } from './needed-approvals.ts';
import { hostedProject, isForeign } from './ops-repo-address.ts';

export interface AdoptDeps {
  db: PrismaClient;
  store: Pick<GitStore, 'resolveCommit' | 'exists' | 'statPath'>;
}

/** A deployment as its callers have it at hand. */
export type MayFollow = Deployment & { opsRepo: OpsRepo | null; project: { name: string } };
type Follower = MayFollow & { opsRepo: OpsRepo };

/**
 * Adopts the head commit of its ops repository as the desired revision of a deployment: a change of the desired state
 * like any other, in the name of who pushed it and under the change of that push, so that older approvals end and nobody approves his own. It lifts the pin
 * of an undo (the quarantine of the older commit), never one that a person set, and starts nothing that was stopped. Each
 * commit is adopted once, whatever becomes of it. One that changes nothing in the folder changes no desired state.
 * @returns whether something new is desired
 * @throws DomainError as `findManifestSource` does
 */
export async function adoptRevision(deps: AdoptDeps, row: MayFollow): Promise<boolean> {
  if (row.opsRepo === null || !follows(row)) return false;
  const follower: Follower = { ...row, opsRepo: row.opsRepo };
  const source = await findManifestSource(deps, follower);
  if (source.sha === row.adoptedSha) return false;
  // The first desired state renders this head anyway, in the name of its requester.
  if (row.adoptedSha === null && isOpen(row)) return false;
  if (await isSameFolder(deps, follower, source)) {
    await noteHead(deps.db, row, source.sha);
    return false;
  }
  return await desireHead(deps.db, follower, source.sha);
}

function follows({ isDeleting, desiredStatus, pinnedByUndo }: Deployment): boolean {
  return (
    !isDeleting && (desiredStatus === 'active' || (desiredStatus === 'rollback' && pinnedByUndo))
  );
}

const isOpen = ({ observedGeneration, generation }: Deployment) => observedGeneration < generation;

/**
 * Whether a head may overtake a change of the desired state that is not rolled out yet: it would carry it along in another
 * name. One's own it may, and one that is being rolled out and asks nobody; any other comes to its end first.
 */
async function mayOvertake(
  tx: Prisma.TransactionClient,
  row: Deployment,
  push: Push | null,
): Promise<boolean> {
  const { id, generation, deployedBy } = row;
  if (push !== null && push.pusherId !== null && push.pusherId === deployedBy) return true;
  const begun = await tx.deploymentSync.findFirst({
    where: { deploymentId: id, generation, status: { in: [...openSyncStatuses] } },
  });
  return neededApprovals(row) === 0 && begun !== null && begun.status !== 'waiting';
}

/** Whether the manifests are those of the head before: an ops repository holds many applications. */
async function isSameFolder(
  { store }: AdoptDeps,
  { adoptedSha }: Follower,
  { repoPath, sha, folder }: ManifestSource,
): Promise<boolean> {
  const path = folder.replace(/^\/+|\/+$/g, '');
  if (adoptedSha === null || path === '') return false;
  const treeOf = async (commit: string) => {
    try {
      return (await store.statPath(repoPath, commit, path)).sha;
    } catch (error) {
      if (error instanceof DomainError && error.code !== 'unavailable') return null;
      throw error;
    }
  };
  const before = await treeOf(adoptedSha);
  return before !== null && before === (await treeOf(sha));
}

/** Notes which head a deployment is rendered from. */
export async function noteHead(
  db: Db,
  { id, adoptedSha, currentSha }: Deployment,
  sha: string,
): Promise<void> {
  const isApplied = adoptedSha !== null && currentSha === adoptedSha;
  await db.deployment.updateMany({
    where: { id, adoptedSha },
    data: { adoptedSha: sha, ...(isApplied ? { currentSha: sha } : {}) },
  });
}

async function desireHead(
  db: PrismaClient,
  { id, adoptedSha, opsRepo }: Follower,
  sha: string,
): Promise<boolean> {
  const push = await pushOf(db, opsRepo, sha);
  // The branch moved a moment ago: its push is about to be written down, with who made it.
  if (push === null && !isForeign(opsRepo.repoUrl)) return false;
  return await inTransaction(db, async (tx) => {
    await tx.$queryRaw`SELECT id FROM deployments WHERE id = ${id} FOR UPDATE`;
    const now = await tx.deployment.findUnique({ where: { id } });
    if (now?.adoptedSha !== adoptedSha || now.opsRepoId !== opsRepo.id || !follows(now)) {
      return false;
    }
    if (isOpen(now) && !(await mayOvertake(tx, now, push))) return false;
    const changed = await tx.deployment.update({
      where: { id },
      data: {
        adoptedSha: sha,
        desiredStatus: 'active',
        pinnedRevisionId: null,
        pinnedByUndo: false,
        generation: { increment: 1 },
        // of a foreign repository nobody here is known
        deployedBy: push?.pusherId ?? null,
        // the image stays the work of whoever desired it
        originIds: inheritedOrigin(now),
        ...(push === null ? {} : { changeId: push.changeId }),
      },
    });
    await publishDeploymentEvent(tx, changed, {
      type: 'deployment.desired_changed',
      message: `ops repository ${opsRepo.name} wants its commit ${sha.slice(0, 8)} in ${changed.environment}`,
      actorId: changed.deployedBy,
      payload: { generation: changed.generation, opsRepoSha: sha },
    });
    return true;
  });
}

/** The push that brought a commit to a hosted ops repository. */
async function pushOf(db: Db, { repoUrl, branch }: OpsRepo, sha: string): Promise<Push | null> {
  const place = hostedProject(repoUrl);
  if (place === null) return null;
  return await db.push.findFirst({
    where: {
      project: { name: place.name, owner: { name: place.owner } },
      updates: { array_contains: [{ ref: `refs/heads/${branch}`, newSha: sha }] },
    },
    orderBy: { createdAt: 'desc' },
  });
}
