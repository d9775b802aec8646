import { branchOfRef } from '../../contracts/git/ref-name.ts';
import { deployPermissions } from '../../contracts/identity/permissions.ts';
import type { Pipeline, Project, ProtectedBranch } from '../../prisma/generated/client.ts';
import { isGlob, ruleCovers } from '../git/branch-rules.ts';
import { ruleSpeaks } from '../git/vouch-heads.ts';
import { canAny } from '../identity/check-access.ts';
import { limitsAllow, readLimits, whyCredentialEnded } from '../identity/credential-limits.ts';
import { grantedPermissions } from '../identity/granted-permissions.ts';
import { callerFor, systemUserId } from '../identity/system-user.ts';
import { isRerun } from '../pipeline/run-key.ts';
import { movesOfRef } from '../secret/contributors-of-head.ts';
import type { Db } from '../shared/db.ts';

type Run = Pick<
  Pipeline,
  'projectId' | 'gitRef' | 'commitSha' | 'trigger' | 'dedupeKey' | 'triggeredBy' | 'triggeredLimits'
>;

/**
 * Why a run may not say what lasting environments run, in half a sentence; null when it may. Whoever may write may push any
 * branch: only the default branch speaks for the project, and those that somebody who may deploy has closed to all but some.
 * On others whoever asked for the run, and everybody who pushed to the branch since it was made, must be allowed to deploy,
 * with the credential that they used then. So running it again makes nobody's branch another one's.
 *
 * What somebody starts by hand speaks for such a branch only at the commit that it has now: whoever starts an older one
 * must be allowed to deploy.
 */
export async function whyNotDeclared(
  db: Db,
  run: Run,
  project: Pick<Project, 'defaultBranch'> & { protectedBranches: readonly ProtectedBranch[] },
): Promise<string | null> {
  const branch = branchOfRef(run.gitRef);
  const speaks =
    branch !== null &&
    (branch === project.defaultBranch ||
      (await isClosedFor(db, run, branch, project.protectedBranches)));
  if (speaks) {
    const isByHand = run.trigger === 'api' || isRerun(run);
    const whyNot = isByHand && !(await isHead(db, run)) ? await whyNotAsked(db, run) : null;
    return whyNot === null ? null : `${branch} has another commit by now, and ${whyNot}`;
  }
  const why = (await whyNotAsked(db, run)) ?? (await whyNotPushed(db, run));
  if (why === null) return null;
  const where = branch ?? run.gitRef.replace('refs/tags/', 'tag ');
  return `${where} is neither the default branch nor closed by a rule of somebody who may deploy, and ${why}`;
}

/**
 * Whether a rule that speaks led the branch to what is run. One that names many branches answers for none of what they held
 * when it was made; one that names this branch was made by somebody who saw it.
 */
async function isClosedFor(
  db: Db,
  { projectId, gitRef: ref, commitSha: sha }: Run,
  branch: string,
  rules: readonly ProtectedBranch[],
): Promise<boolean> {
  const closing = rules.filter((rule) => ruleSpeaks(rule) && ruleCovers(rule, branch));
  if (closing.some(({ pattern }) => !isGlob(pattern) && pattern === branch)) return true;
  if (closing.length === 0 || sha === null) return false;
  const brought = (await movesOfRef(db, { projectId, ref, sha }, null)).at(-1);
  return brought !== undefined && closing.some((rule) => rule.speaksSince <= brought.createdAt);
}

async function isHead(db: Db, { projectId, gitRef: name, commitSha }: Run): Promise<boolean> {
  const head = await db.gitRef.findUnique({ where: { projectId_name: { projectId, name } } });
  return head !== null && head.sha === commitSha;
}

async function whyNotAsked(db: Db, run: Run): Promise<string | null> {
  const user =
    run.triggeredBy === null ? null : await db.user.findUnique({ where: { id: run.triggeredBy } });
  if (user === null) return 'nobody is known who started the run';
  const limits = readLimits(run.triggeredLimits, null);
  if (limits === null)
    return 'the run was started before it was noted by what credential: run it again';
  const ended = await whyCredentialEnded(db, user, limits);
  if (ended !== null) return ended;
  const { principal } = callerFor(user, limits);
  if (await canAny(db, principal, deployPermissions, run.projectId)) return null;
  return deployPermissions.some((permission) => limitsAllow(limits, permission, run.projectId))
    ? 'whoever started the run has neither deploy:write nor deploy:promote'
    : 'the token that the run was started with has neither deploy:write nor deploy:promote';
}

/** Of everybody who moved the ref to what is run. */
async function whyNotPushed(
  db: Db,
  { projectId, gitRef: ref, commitSha: sha }: Run,
): Promise<string | null> {
  const nobody = 'nobody knows who pushed all that is in it: push it as a new branch';
  const moves = sha === null ? [] : await movesOfRef(db, { projectId, ref, sha }, null);
  if (moves.length === 0) return nobody;
  for (const { pusherId, withDeploy } of moves) {
    if (pusherId === null) return nobody;
    if (pusherId === systemUserId) continue;
    const { permissions } = await grantedPermissions(db, pusherId, projectId);
    const may = deployPermissions.some((permission) => permissions.has(permission));
    if (may && withDeploy !== false) continue;
    const user = await db.user.findUnique({ where: { id: pusherId } });
    const who = `${user?.name ?? 'somebody who is gone'}, who pushed to it,`;
    return may
      ? `${who} or their token had neither deploy:write nor deploy:promote then`
      : `${who} has neither deploy:write nor deploy:promote`;
  }
  return null;
}
