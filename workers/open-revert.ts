import { DomainError } from '../contracts/problems.ts';
import { hostedProject } from '../domain/deploy/ops-repo-address.ts';
import { openRevertRequest } from '../domain/review/open-revert-request.ts';
import type {
  Deployment,
  DeploymentRevision,
  OpsRepo,
  PrismaClient,
  Project,
} from '../prisma/generated/client.ts';
import type { WorkerServices } from './open-services.ts';

/**
 * Opens the merge request that takes back what a sync failed with, so that git says again what runs: in the ops
 * repository where its commit was new, else in the project itself. Nothing where neither commit is known, where git
 * holds it no more, or in a foreign ops repository: there the reason of the quarantine says what to do. Safe to repeat.
 */
export function openRevert({
  db,
  gitStore,
  log,
}: Pick<WorkerServices, 'db' | 'gitStore' | 'log'>): (input: {
  deploymentId: string;
  syncId: string;
}) => Promise<void> {
  return async ({ syncId }) => {
    const sync = await db.deploymentSync.findUniqueOrThrow({
      where: { id: syncId },
      include: { revision: true, deployment: { include: { opsRepo: true, project: true } } },
    });
    const { revision, deployment } = sync;
    if (sync.status !== 'undone' || sync.action !== 'deploy') return;
    // The commit of a preview is in no branch that others build on: its author pushes a better one.
    if (deployment.mergeRequestId !== null) return;
    const previous =
      sync.previousRevisionId === null
        ? null
        : await db.deploymentRevision.findUnique({ where: { id: sync.previousRevisionId } });
    // The first revision has nothing to go back to.
    if (previous === null) return;
    const reason = `Revision ${String(revision.number)} failed in ${deployment.environment} and was rolled back: ${sync.reason ?? ''}`;
    const target = await revertTarget(db, revision, previous, deployment);
    if (target === null) return;
    try {
      await openRevertRequest({ db, git: gitStore }, { ...target, reason, caller: null });
    } catch (error) {
      if (!(error instanceof DomainError) || error.code === 'unavailable') throw error;
      log.warn({ syncId, err: error }, 'no revert could be opened');
    }
  };
}

/** Where the commit lies that made the revision differ from the one before. */
async function revertTarget(
  db: PrismaClient,
  revision: DeploymentRevision,
  previous: DeploymentRevision,
  deployment: Deployment & { opsRepo: OpsRepo | null; project: Project },
): Promise<{ projectId: string; targetBranch: string; commitSha: string } | null> {
  const { opsRepo, project } = deployment;
  const { opsRepoSha, commitSha } = revision;
  if (opsRepo !== null && opsRepoSha !== null && opsRepoSha !== previous.opsRepoSha) {
    const place = hostedProject(opsRepo.repoUrl);
    if (place === null) return null;
    const ops = await db.project.findFirst({
      where: { name: place.name, owner: { name: place.owner } },
    });
    if (ops === null) return null;
    return { projectId: ops.id, targetBranch: opsRepo.branch, commitSha: opsRepoSha };
  }
  if (commitSha === null || commitSha === previous.commitSha) return null;
  return { projectId: project.id, targetBranch: project.defaultBranch, commitSha };
}
