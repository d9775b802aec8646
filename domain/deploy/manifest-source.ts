import type { GitStore } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Deployment, OpsRepo } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';

/** Where the manifests of a deployment lie at this moment. */
export interface ManifestSource {
  repoPath: string;
  sha: string;
  folder: string;
  /** of the ops repository; null when the manifests lie beside the code */
  opsRepoSha: string | null;
}

/** `/<owner>/<project>.git`, with or without the address in front: a repository of this platform. */
const hosted = /^(?:https?:\/\/[^/]+)?\/([^/]+)\/([^/]+?)\.git$/;

/** Owner and name of the project that a hosted ops repository is; null for a foreign one. */
export function hostedProject(repoUrl: string): { owner: string; name: string } | null {
  const found = hosted.exec(repoUrl);
  return found === null ? null : { owner: found[1] ?? '', name: found[2] ?? '' };
}

/**
 * Commit and folder that a deployment is rendered from: the head of its ops repository, else the project's own
 * repository at the commit that is desired.
 * @throws DomainError `validation_failed` when there is no such repository, branch or commit
 */
export async function findManifestSource(
  db: Db,
  store: Pick<GitStore, 'resolveCommit'>,
  deployment: Deployment & { opsRepo: OpsRepo | null; project: { name: string } },
): Promise<ManifestSource> {
  const folder = deployment.manifestPath ?? `apps/${deployment.project.name}`;
  const { opsRepo } = deployment;
  if (opsRepo === null) {
    const project = await db.project.findUniqueOrThrow({ where: { id: deployment.projectId } });
    const ref = deployment.commitSha ?? project.defaultBranch;
    const sha = project.repoPath === null ? null : await store.resolveCommit(project.repoPath, ref);
    if (project.repoPath === null || sha === null) {
      throw new DomainError(
        'validation_failed',
        `The project has no commit ${ref} to deploy from.`,
      );
    }
    return { repoPath: project.repoPath, sha, folder, opsRepoSha: null };
  }
  const place = hostedProject(opsRepo.repoUrl);
  const project =
    place === null
      ? null
      : await db.project.findFirst({ where: { name: place.name, owner: { name: place.owner } } });
  if (project?.repoPath == null) {
    throw new DomainError(
      'validation_failed',
      `Ops repository ${opsRepo.name} is not a repository of this platform: expected /<owner>/<project>.git.`,
    );
  }
  const sha = await store.resolveCommit(project.repoPath, `refs/heads/${opsRepo.branch}`);
  if (sha === null) {
    throw new DomainError(
      'validation_failed',
      `Ops repository ${opsRepo.name} has no branch ${opsRepo.branch}.`,
    );
  }
  const root = opsRepo.path.replace(/^\/+|\/+$/g, '');
  return {
    repoPath: project.repoPath,
    sha,
    folder: root === '' ? folder : `${root}/${folder}`,
    opsRepoSha: sha,
  };
}
