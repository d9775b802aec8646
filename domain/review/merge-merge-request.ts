import { isDeepStrictEqual } from 'node:util';
import { zeroSha } from '../../contracts/git/ref-name.ts';
import type { RefUpdate } from '../../contracts/event/types.ts';
import type { GitStore } from '../../contracts/git/store.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { MergeStyle } from '../../contracts/review/types.ts';
import type {
  MergeRequest,
  Prisma,
  PrismaClient,
  Project,
  User,
} from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { permissionRefusal } from '../git/check-push.ts';
import { branchRefusal } from '../git/branch-rules.ts';
import { moveBranches, type BranchMoved } from '../git/move-branches.ts';
import { inTurn } from '../git/push-lock.ts';
import { repoPathOf } from '../git/read-repository.ts';
import { requirePermission } from '../identity/check-access.ts';
import { limitsOf } from '../identity/credential-limits.ts';
import { findActingUser } from '../identity/find-acting-user.ts';
import { requireTransition } from './change-merge-request-status.ts';
import {
  mergeBlocked,
  openMergeCase,
  readProtections,
  requireMergeable,
  type MergeCase,
  tooLargeToMerge,
} from './check-mergeability.ts';
import type { FactsGit } from './gather-facts.ts';
import {
  branchRef,
  findMergeRequest,
  readMergeRequest,
  type MergeRequestRecord,
} from './merge-request-record.ts';
import { personOf } from './person-of.ts';
import { prepareMerge, type MergeGit } from './prepare-merge.ts';
import { closedBy, recordMerge } from './record-merge.ts';
import { refreshMergeRequest } from './refresh-merge-request.ts';

export interface MergeInput {
  /** the project's preferred one unless told */
  style?: MergeStyle | undefined;
  /** in place of the platform's own, for a merge or squashed commit */
  message?: string | undefined;
  deleteSource?: boolean | undefined;
  /** the head that was looked at: another one is refused */
  headSha?: string | undefined;
  /** it merges itself: refused once that was called off */
  isAutomatic?: boolean;
}

export interface MergeDeps {
  db: PrismaClient;
  git: FactsGit & MergeGit & Pick<GitStore, 'moveRefs' | 'setHead' | 'listRefs'>;
}

interface Attempt {
  caller: Caller;
  committer: User;
  merge: MergeCase;
  style: MergeStyle;
  targetSha: string;
  input: MergeInput;
}

/** Deleting the source branch obeys the rules for branches, like any other way to delete it. */
async function requireDeletable(db: PrismaClient, attempt: Attempt): Promise<void> {
  if (attempt.input.deleteSource !== true) return;
  const { project, mergeRequest } = attempt.merge;
  const rules = await db.protectedBranch.findMany({ where: { projectId: project.id } });
  const ref = branchRef(mergeRequest.sourceBranch);
  const refusal = await branchRefusal(rules, {
    update: { ref, oldSha: mergeRequest.headSha, newSha: zeroSha },
    userId: attempt.caller.principal.userId,
    defaultBranch: project.defaultBranch,
    isFastForward: () => Promise.resolve(false),
  });
  if (refusal !== null) throw new DomainError('protected', refusal);
}

async function prepare({ db, git }: MergeDeps, attempt: Attempt): Promise<string> {
  const { merge, style, targetSha, committer, input } = attempt;
  const { mergeRequest, facts, project } = merge;
  const author = await db.user.findUniqueOrThrow({ where: { id: mergeRequest.authorId } });
  const made = await prepareMerge(git, {
    repoPath: repoPathOf(project),
    style,
    mergeRequest,
    targetSha,
    headSha: facts.headSha,
    tree: facts.tree ?? '',
    author: personOf(author),
    committer: personOf(committer),
    message: input.message ?? null,
  });
  if ('conflicts' in made) {
    throw notMade(
      made.tooLarge === true
        ? tooLargeToMerge(made.conflicts)
        : 'Its commits conflict with the target when they are replayed one by one.',
      made.conflicts,
    );
  }
  if (made.sha === targetSha) throw notMade('All that it changes is in the target already.', []);
  await requireShown(git, repoPathOf(project), made.sha, facts.tree);
  return made.sha;
}

function notMade(detail: string, missing: string[]): DomainError {
  return mergeBlocked([{ rule: 'conflicts', state: 'missing', detail, missing }]);
}

/** Replayed commits leave merges out, and what was changed in one: only what was shown and judged may land. */
async function requireShown(
  git: MergeDeps['git'],
  repoPath: string,
  sha: string,
  shown: string | null,
): Promise<void> {
  if (shown === null) throw notMade('What the merge would give is not known.', []);
  const tree = await git.treeOf(repoPath, sha);
  if (tree === shown) return;
  const paths = await git.changedPaths(repoPath, { from: shown, to: tree });
  const detail =
    'Its commits, replayed one by one, give something else than what is shown: a merge among them changes ' +
    `${String(paths.length)} path(s) too. Merge it in another style, or rebase the source branch.`;
  throw notMade(detail, paths);
}

/** What is about to be done, so that follow-pushes.ts can finish it should this process die in the middle. */
async function keepIntent(db: PrismaClient, attempt: Attempt, sha: string): Promise<void> {
  const { merge, style, caller } = attempt;
  const { principal } = caller;
  const mergeIntent = { sha, style, by: principal.userId, limits: { ...limitsOf(principal) } };
  await db.mergeRequest.updateMany({
    where: { id: merge.mergeRequest.id, status: 'open' },
    data: { mergeIntent },
  });
}

/** The moves, if both branches and the merge request still are what the merge was made for. */
async function planMoves(
  { git }: MergeDeps,
  attempt: Attempt,
  sha: string,
  tx: Prisma.TransactionClient,
): Promise<RefUpdate[] | null> {
  const { merge, targetSha, input, caller } = attempt;
  const { id, headSha, sourceBranch, targetBranch } = merge.mergeRequest;
  // Held until the merge is written down: nobody closes or retargets what the branch shows already.
  await tx.$queryRaw`SELECT id FROM merge_requests WHERE id = ${id} FOR UPDATE`;
  const mergeRequest = await tx.mergeRequest.findUniqueOrThrow({ where: { id } });
  requireTransition(mergeRequest.status, 'merged');
  if (input.isAutomatic === true && mergeRequest.autoMergeStyle === null) {
    throw new DomainError('illegal_transition', 'It does not merge itself any more.');
  }
  const refusal = await permissionRefusal(tx, caller, merge.project.id);
  if (refusal !== null) throw new DomainError('forbidden', refusal);
  const repoPath = repoPathOf(merge.project);
  const [target, source] = [branchRef(targetBranch), branchRef(sourceBranch)];
  if (mergeRequest.targetBranch !== targetBranch) return null;
  // It was judged by the rules of a while ago, and is put down to those of now (vouch-heads.ts): they are the same.
  const rules = await readProtections(tx, mergeRequest);
  if (!isDeepStrictEqual(rules, merge.protections)) return null;
  if ((await git.resolveCommit(repoPath, target)) !== targetSha) return null;
  if ((await git.resolveCommit(repoPath, source)) !== headSha) return null;
  // Somebody may have asked for changes, or a check failed, since the facts were gathered.
  await requireMergeable(tx, { ...merge, mergeRequest });
  return movesOf(attempt, sha);
}

function movesOf({ merge, targetSha, input }: Attempt, sha: string): RefUpdate[] {
  const { headSha, sourceBranch, targetBranch } = merge.mergeRequest;
  const moves = [{ ref: branchRef(targetBranch), oldSha: targetSha, newSha: sha }];
  return input.deleteSource === true
    ? [...moves, { ref: branchRef(sourceBranch), oldSha: headSha, newSha: zeroSha }]
    : moves;
}

async function land(
  deps: MergeDeps,
  attempt: Attempt,
  sha: string,
): Promise<BranchMoved<MergeRequestRecord>> {
  const { caller, merge, style, input } = attempt;
  const { mergeRequest, project, facts } = merge;
  const closes = await closedBy(deps.git, project, mergeRequest, facts.baseSha);
  return moveBranches(deps.db, deps.git, {
    projectId: project.id,
    caller,
    changeId: mergeRequest.changeId,
    isMerge: true,
    meant: movesOf(attempt, sha),
    plan: (tx) => planMoves(deps, attempt, sha, tx),
    after: async (tx) => {
      const sourceDeleted = input.deleteSource === true;
      const done = { sha, style, baseSha: facts.baseSha, sourceDeleted, closes };
      const closedIssues = await recordMerge(tx, caller, mergeRequest, done);
      const record = await readMergeRequest(tx, mergeRequest.id);
      await writeAudit(tx, caller, {
        action: 'mr.merged',
        resource: 'merge_request',
        resourceId: mergeRequest.id,
        projectId: project.id,
        detail: { number: mergeRequest.number, style, mergeSha: sha, closedIssues },
      });
      return record;
    },
  });
}

/** Throws `conflict` when the head is another than the one that was looked at. */
export function requireSameHead({ headSha }: MergeRequest, seen: string | undefined): void {
  if (seen === undefined || seen === headSha) return;
  throw new DomainError('conflict', 'The source branch has another head by now: look again.');
}

async function begin(
  { db, git }: MergeDeps,
  caller: Caller,
  project: Project,
  mergeRequest: MergeRequest,
  input: MergeInput,
): Promise<Attempt> {
  requireSameHead(mergeRequest, input.headSha);
  const committer = await findActingUser(db, caller);
  const merge = await openMergeCase(db, git, project, mergeRequest, input.style);
  await requireMergeable(db, merge);
  const { style } = merge;
  const { targetSha } = merge.facts;
  if (style === null || targetSha === null) throw new Error('a rule passed that cannot pass');
  const attempt = { caller, committer, merge, style, targetSha, input };
  await requireDeletable(db, attempt);
  return attempt;
}

/** Each lost race means that somebody else's push or merge got in: that many in a row is no accident. */
const maxAttempts = 10;

/**
 * Merges a merge request into its target on the bare repository. The target moves from exactly the commit that the
 * merge was made on, so no push and no other merge is lost; a race that is lost is run again on the new target.
 * @throws DomainError `merge_blocked` with every rule that has not passed and every path that conflicts,
 * `illegal_transition` when it is merged or closed, `conflict` when the head is another than `headSha`, `protected` when
 * the source branch may not be deleted, `forbidden` without project:write
 */
export async function mergeMergeRequest(
  deps: MergeDeps,
  caller: Caller,
  project: Project,
  number: number,
  input: MergeInput,
): Promise<MergeRequestRecord> {
  await requirePermission(deps.db, caller, 'project:write', project.id);
  // Merges of one project in this process wait for each other before they begin, not after they have lost a race.
  return inTurn(`merge ${project.id}`, () => raceForTarget(deps, caller, project, number, input));
}

async function raceForTarget(
  deps: MergeDeps,
  caller: Caller,
  project: Project,
  number: number,
  input: MergeInput,
): Promise<MergeRequestRecord> {
  const { db, git } = deps;
  for (let attempts = 0; attempts < maxAttempts; attempts += 1) {
    const found = await findMergeRequest(db, project.id, number);
    requireTransition(found.status, 'merged');
    const mergeRequest = await refreshMergeRequest(db, git, project, found, { caller });
    const attempt = await begin(deps, caller, project, mergeRequest, input);
    const sha = await prepare(deps, attempt);
    await keepIntent(db, attempt, sha);
    const done = await land(deps, attempt, sha);
    if (done !== null && done !== 'lost') return done.moved;
  }
  throw new DomainError('unavailable', 'The target branch moves all the time; try again.', {
    retryAfterSeconds: 1,
  });
}
