import { branchOfRef } from '../../contracts/git/ref-name.ts';
import type { Pipeline, Project, ProtectedBranch } from '../../prisma/generated/client.ts';
import { ruleCovers } from '../git/branch-rules.ts';
import { grantedPermissions } from '../identity/granted-permissions.ts';
import type { Db } from '../shared/db.ts';

/**
 * Why a run may not say what lasting environments run, in half a sentence; null when it may. Whoever may write may push any
 * branch: only the default branch and protected ones speak for the project, on others it takes somebody who may deploy.
 */
export async function whyNotDeclared(
  db: Db,
  run: Pick<Pipeline, 'projectId' | 'gitRef' | 'triggeredBy'>,
  project: Pick<Project, 'defaultBranch'> & { protectedBranches: readonly ProtectedBranch[] },
): Promise<string | null> {
  const branch = branchOfRef(run.gitRef);
  const speaks =
    branch !== null &&
    (branch === project.defaultBranch ||
      project.protectedBranches.some((rule) => ruleCovers(rule, branch)));
  if (speaks) return null;
  if (run.triggeredBy !== null) {
    const { permissions } = await grantedPermissions(db, run.triggeredBy, run.projectId);
    if (permissions.has('deploy:write') || permissions.has('deploy:promote')) return null;
  }
  const where = branch ?? run.gitRef.replace('refs/tags/', 'tag ');
  return `${where} is neither the default branch nor protected, and whoever started the run has neither deploy:write nor deploy:promote`;
}
