import type { DeploymentRevision, OpsRepo } from '../../prisma/generated/client.ts';
import { isForeign } from './ops-repo-address.ts';

type Rendered = Pick<DeploymentRevision, 'opsRepoSha'>;

/**
 * What people must do in git after a revision of a foreign ops repository was undone, where a merge request cannot be
 * opened from here; null where one can, or where there is nothing to take back.
 */
export function foreignRevert(
  opsRepo: Pick<OpsRepo, 'repoUrl' | 'branch'> | null,
  { revision, previous }: { revision: Rendered; previous: Rendered | null },
): string | null {
  const { opsRepoSha } = revision;
  if (opsRepo === null || opsRepoSha === null || !isForeign(opsRepo.repoUrl)) return null;
  if (previous === null || previous.opsRepoSha === opsRepoSha) return null;
  return `Revert commit ${opsRepoSha} in ${opsRepo.repoUrl} (branch ${opsRepo.branch}) yourself: a merge request cannot be opened there from here`;
}
