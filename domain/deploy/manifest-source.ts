import { mirrorPath } from '../../contracts/git/mirror.ts';
import type { GitStore } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Deployment, OpsRepo } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { requireStillReadable } from './ops-repo-access.ts';
import { hostedProject } from './ops-repo-address.ts';

/** Where the manifests of a deployment lie at this moment. */
export interface ManifestSource {
  repoPath: string;
  sha: string;
  folder: string;
  /** of the ops repository; null when the manifests lie beside the code */
  opsRepoSha: string | null;
}

interface SourceDeps {
  db: Db;
  store: Pick<GitStore, 'resolveCommit' | 'exists'>;
  /** brings a foreign ops repository here that was not fetched yet; without it there is none then */
  fetchFirst?: (opsRepoId: string) => Promise<string>;
}

/**
 * Commit and folder that a deployment is rendered from: the head of its ops repository, else the project's own
 * repository at the commit that is desired. The head of a foreign one is what was fetched last, also while it is away.
 * @throws DomainError `validation_failed` when there is no such repository, branch or commit, `forbidden` when whoever
 * chose the ops repository may not read it any more
 */
export async function findManifestSource(
  deps: SourceDeps,
  deployment: Deployment & { opsRepo: OpsRepo | null; project: { name: string } },
): Promise<ManifestSource> {
  const folder = deployment.manifestPath ?? `apps/${deployment.project.name}`;
  const { opsRepo } = deployment;
  if (opsRepo === null) return await ownSource(deps, deployment, folder);
  await requireStillReadable(deps.db, opsRepo, deployment);
  const place = hostedProject(opsRepo.repoUrl);
  const found =
    place === null ? await foreignHead(deps, opsRepo) : await hostedHead(deps, opsRepo, place);
  const root = opsRepo.path.replace(/^\/+|\/+$/g, '');
  return {
    ...found,
    folder: root === '' ? folder : `${root}/${folder}`,
    opsRepoSha: found.sha,
  };
}

async function ownSource(
  { db, store }: SourceDeps,
  deployment: Deployment,
  folder: string,
): Promise<ManifestSource> {
  const project = await db.project.findUniqueOrThrow({ where: { id: deployment.projectId } });
  const ref = deployment.commitSha ?? project.defaultBranch;
  const sha = project.repoPath === null ? null : await store.resolveCommit(project.repoPath, ref);
  if (project.repoPath === null || sha === null) {
    throw new DomainError('validation_failed', `The project has no commit ${ref} to deploy from.`);
  }
  return { repoPath: project.repoPath, sha, folder, opsRepoSha: null };
}

async function hostedHead(
  { db, store }: SourceDeps,
  opsRepo: OpsRepo,
  place: { owner: string; name: string },
): Promise<{ repoPath: string; sha: string }> {
  const project = await db.project.findFirst({
    where: { name: place.name, owner: { name: place.owner } },
  });
  if (project?.repoPath == null) {
    throw new DomainError(
      'validation_failed',
      `Ops repository ${opsRepo.name} is ${opsRepo.repoUrl}, and this platform has no such project.`,
    );
  }
  const sha = await store.resolveCommit(project.repoPath, `refs/heads/${opsRepo.branch}`);
  if (sha === null) {
    throw new DomainError(
      'validation_failed',
      `Ops repository ${opsRepo.name} has no branch ${opsRepo.branch}.`,
    );
  }
  return { repoPath: project.repoPath, sha };
}

async function foreignHead(
  { store, fetchFirst }: SourceDeps,
  { id, name, headSha }: OpsRepo,
): Promise<{ repoPath: string; sha: string }> {
  const repoPath = mirrorPath(id);
  const isHere = headSha !== null && (await store.exists(repoPath));
  const known = isHere ? await store.resolveCommit(repoPath, headSha) : null;
  const sha = known ?? (await fetchFirst?.(id)) ?? null;
  if (sha === null) {
    throw new DomainError('validation_failed', `Ops repository ${name} was not fetched yet.`);
  }
  return { repoPath, sha };
}
