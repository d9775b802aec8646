import { branchOfRef } from '../../contracts/git/ref-name.ts';
import type { Pipeline, Project, ProtectedBranch } from '../../prisma/generated/client.ts';
import { ruleCovers } from '../git/branch-rules.ts';
import { canAny } from '../identity/check-access.ts';
import { limitsAllow, readLimits, whyCredentialEnded } from '../identity/credential-limits.ts';
import { callerFor } from '../identity/system-user.ts';
import type { Db } from '../shared/db.ts';

/** What whoever started a run needs to declare deployments from any branch. */
const deploying = ['deploy:write', 'deploy:promote'] as const;

/**
 * Why a run may not say what lasting environments run, in half a sentence; null when it may. Whoever may write may push any
 * branch: only the default branch and protected ones speak for the project, on others it takes somebody who may deploy,
 * by the credential that the run was asked for with.
 */
export async function whyNotDeclared(
  db: Db,
  run: Pick<Pipeline, 'projectId' | 'gitRef' | 'triggeredBy' | 'triggeredLimits'>,
  project: Pick<Project, 'defaultBranch'> & { protectedBranches: readonly ProtectedBranch[] },
): Promise<string | null> {
  const branch = branchOfRef(run.gitRef);
  const speaks =
    branch !== null &&
    (branch === project.defaultBranch ||
      project.protectedBranches.some((rule) => ruleCovers(rule, branch)));
  if (speaks) return null;
  const why = await whyNotDeploying(db, run);
  if (why === null) return null;
  const where = branch ?? run.gitRef.replace('refs/tags/', 'tag ');
  return `${where} is neither the default branch nor protected, and ${why}`;
}

async function whyNotDeploying(
  db: Db,
  run: Pick<Pipeline, 'projectId' | 'triggeredBy' | 'triggeredLimits'>,
): Promise<string | null> {
  const user =
    run.triggeredBy === null ? null : await db.user.findUnique({ where: { id: run.triggeredBy } });
  if (user === null) return 'nobody is known who started the run';
  const limits = readLimits(run.triggeredLimits, null);
  if (limits === null)
    return 'the run was started before it was noted by what credential: run it again';
  const ended = await whyCredentialEnded(db, user, limits);
  if (ended !== null) return ended;
  const { principal } = callerFor(user, limits);
  if (await canAny(db, principal, deploying, run.projectId)) return null;
  return deploying.some((permission) => limitsAllow(limits, permission, run.projectId))
    ? 'whoever started the run has neither deploy:write nor deploy:promote'
    : 'the token that the run was started with has neither deploy:write nor deploy:promote';
}
