import { zeroSha } from '../../contracts/git/ref-name.ts';
import type { GitCommit, GitStore } from '../../contracts/git/store.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Prisma, PrismaClient, Project, User } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { moveBranches } from '../git/move-branches.ts';
import { repoPathOf } from '../git/read-repository.ts';
import { findActingUser } from '../identity/find-acting-user.ts';
import { systemCaller } from '../identity/system-user.ts';
import { announceIssue } from '../issue/announce-issue.ts';
import { createIssueIn } from '../issue/create-issue.ts';
import type { Db } from '../shared/db.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { announceMergeRequest } from './announce-merge-request.ts';
import { createMergeRequestIn } from './create-merge-request.ts';
import { branchRef } from './merge-request-record.ts';
import { personOf } from './person-of.ts';

export interface RevertInput {
  projectId: string;
  /** short name: `main` */
  targetBranch: string;
  /** the commit to take back; it lies on the target branch */
  commitSha: string;
  /** one or more sentences on why; part of the commit's message and of the description */
  reason: string;
  /** who asks; the platform itself when null */
  caller: Caller | null;
}

/** What was opened: now, or by an earlier call for the same commit and branch. */
export interface RevertOutcome {
  kind: 'merge_request' | 'issue';
  id: string;
  number: number;
}

type Git = Pick<
  GitStore,
  | 'resolveCommit'
  | 'readCommit'
  | 'isAncestor'
  | 'mergeBase'
  | 'mergeCommits'
  | 'treeOf'
  | 'commitTree'
  | 'moveRefs'
  | 'setHead'
  | 'listRefs'
>;

interface Revert {
  db: PrismaClient;
  git: Git;
  project: Project;
  repoPath: string;
  input: RevertInput;
  caller: Caller;
  author: User;
  commit: GitCommit;
}

async function readOutcome(db: Db, input: RevertInput): Promise<RevertOutcome | null> {
  const { projectId, targetBranch, commitSha } = input;
  const row = await db.revertRequest.findUnique({
    where: { projectId_targetBranch_commitSha: { projectId, targetBranch, commitSha } },
    include: { mergeRequest: true, issue: true },
  });
  if (row?.mergeRequest) {
    return { kind: 'merge_request', id: row.mergeRequest.id, number: row.mergeRequest.number };
  }
  return row?.issue ? { kind: 'issue', id: row.issue.id, number: row.issue.number } : null;
}

async function keepOutcome(
  tx: Prisma.TransactionClient,
  input: RevertInput,
  made: { mrId: string } | { issueId: string },
): Promise<void> {
  const { projectId, targetBranch, commitSha } = input;
  await tx.revertRequest.create({ data: { projectId, targetBranch, commitSha, ...made } });
}

/** A branch name that is free: `revert-1a2b3c4d`, or with a number behind it. */
async function freeBranch({ git, repoPath, input }: Revert): Promise<string> {
  const name = `revert-${input.commitSha.slice(0, 8)}`;
  for (let n = 1; n <= 20; n += 1) {
    const candidate = n === 1 ? name : `${name}-${String(n)}`;
    if ((await git.resolveCommit(repoPath, branchRef(candidate))) === null) return candidate;
  }
  throw new DomainError('conflict', `There are too many branches called ${name}.`);
}

async function openRequest(revert: Revert, base: string, sha: string): Promise<RevertOutcome> {
  const { db, git, input, caller, author, project, commit } = revert;
  const { targetBranch } = input;
  // Unless somebody takes that name meanwhile.
  let sourceBranch = await freeBranch(revert);
  const title = `Revert "${commit.subject}"`.slice(0, 300);
  const body = `This takes back ${input.commitSha}.\n\n${input.reason}\n`;
  const changeId = newId('change');
  const done = await moveBranches(db, git, {
    projectId: project.id,
    caller,
    changeId,
    meant: [{ ref: branchRef(sourceBranch), oldSha: zeroSha, newSha: sha }],
    plan: async (tx) => {
      if ((await readOutcome(tx, input)) !== null) return null;
      sourceBranch = await freeBranch(revert);
      return [{ ref: branchRef(sourceBranch), oldSha: zeroSha, newSha: sha }];
    },
    after: async (tx): Promise<RevertOutcome> => {
      const ends = { sourceBranch, targetBranch, headSha: sha, baseSha: base };
      const row = { projectId: project.id, authorId: author.id, title, body, changeId };
      const mergeRequest = await createMergeRequestIn(tx, { ...row, ...ends });
      await keepOutcome(tx, input, { mrId: mergeRequest.id });
      await announceMergeRequest(tx, { caller }, mergeRequest, {
        type: 'mr.created',
        did: 'opened',
        payload: { reverts: input.commitSha },
      });
      await writeAudit(tx, caller, {
        action: 'mr.created',
        resource: 'merge_request',
        resourceId: mergeRequest.id,
        projectId: project.id,
        detail: { number: mergeRequest.number, reverts: input.commitSha, ...ends },
      });
      return { kind: 'merge_request', id: mergeRequest.id, number: mergeRequest.number };
    },
  });
  if (done !== null && done !== 'lost') return done.moved;
  const earlier = await readOutcome(db, input);
  if (earlier !== null) return earlier;
  throw new DomainError('unavailable', 'The branch of the revert was taken; try again.');
}

async function openIssue(revert: Revert, why: string): Promise<RevertOutcome> {
  const { db, input, caller, author, project, commit } = revert;
  return inTransaction(db, async (tx) => {
    // The counter's row lock comes first: of two calls the second sees what the first one made.
    await tx.$queryRaw`SELECT id FROM projects WHERE id = ${project.id} FOR UPDATE`;
    const earlier = await readOutcome(tx, input);
    if (earlier !== null) return earlier;
    const title = `Revert "${commit.subject}"`.slice(0, 300);
    const body = `${input.commitSha} should be taken back from ${input.targetBranch}. ${why}\n\n${input.reason}\n`;
    const at = { projectId: project.id, authorId: author.id };
    const issue = await createIssueIn(tx, { ...at, title, body, labels: ['revert'] });
    await keepOutcome(tx, input, { issueId: issue.id });
    await announceIssue(tx, caller, issue, { type: 'issue.created', did: 'opened' });
    await writeAudit(tx, caller, {
      action: 'issue.created',
      resource: 'issue',
      resourceId: issue.id,
      projectId: project.id,
      detail: { number: issue.number, reverts: input.commitSha },
    });
    return { kind: 'issue', id: issue.id, number: issue.number };
  });
}

async function revertCommit(revert: Revert, targetSha: string): Promise<RevertOutcome | null> {
  const { git, repoPath, input, author, commit } = revert;
  const [parent] = commit.parents;
  if (parent === undefined) return openIssue(revert, 'It is the first commit of all.');
  const { commitSha } = input;
  const sides = { ours: targetSha, theirs: parent, base: commitSha };
  const merged = await git.mergeCommits(repoPath, sides);
  if ('conflicts' in merged) {
    const paths = merged.conflicts.slice(0, 20).map((path) => `\n- \`${path}\``);
    const words =
      merged.tooLarge === true
        ? 'These are too large to be merged here:'
        : 'That conflicts with later changes of:';
    return openIssue(revert, `${words}${paths.join('')}`);
  }
  if (merged.tree === (await git.treeOf(repoPath, targetSha))) return null;
  const person = personOf(author);
  const message = `Revert "${commit.subject}"\n\nThis reverts commit ${commitSha}.\n\n${input.reason}`;
  const made = { tree: merged.tree, parents: [targetSha], message };
  const sha = await git.commitTree(repoPath, { ...made, author: person, committer: person });
  return openRequest(revert, targetSha, sha);
}

/**
 * Opens a merge request that takes a commit back from a branch, on a branch of its own with one revert commit; when
 * that conflicts with what came later, an issue that says so. Once for a commit and branch: a further call answers with
 * what was opened, whatever became of it. Asks for no permission: the caller of this function has decided.
 * @returns null when the branch holds nothing of the commit any more
 * @throws DomainError `not_found` without the project, `unprocessable` when the commit is not on the branch
 */
export async function openRevertRequest(
  { db, git }: { db: PrismaClient; git: Git },
  input: RevertInput,
): Promise<RevertOutcome | null> {
  const earlier = await readOutcome(db, input);
  if (earlier !== null) return earlier;
  const project = await db.project.findUnique({ where: { id: input.projectId } });
  if (project === null) throw new DomainError('not_found', 'There is no such project.');
  const repoPath = repoPathOf(project);
  const targetSha = await git.resolveCommit(repoPath, branchRef(input.targetBranch));
  const commitSha = await git.resolveCommit(repoPath, input.commitSha);
  const isOn =
    targetSha !== null &&
    commitSha === input.commitSha &&
    (await git.isAncestor(repoPath, commitSha, targetSha));
  if (!isOn) {
    const detail = `The branch ${input.targetBranch} has no commit ${input.commitSha}.`;
    throw new DomainError('unprocessable', detail);
  }
  const caller = input.caller ?? (await systemCaller(db));
  const author = await findActingUser(db, caller);
  const commit = await git.readCommit(repoPath, commitSha);
  const revert = { db, git, project, repoPath, input, caller, author, commit };
  return revertCommit(revert, targetSha);
}
