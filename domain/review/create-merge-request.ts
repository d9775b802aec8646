import type { GitStore } from '../../contracts/git/store.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { MergeRequest, Prisma, PrismaClient, Project } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { changeOfCommit } from '../git/change-of-commit.ts';
import { repoPathOf } from '../git/read-repository.ts';
import { findActingUser } from '../identity/find-acting-user.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { announceMergeRequest } from './announce-merge-request.ts';
import { titleAs } from './draft-title.ts';
import { showHeads } from './head-refs.ts';
import { branchRef, readMergeRequest, type MergeRequestRecord } from './merge-request-record.ts';

export interface CreateMergeRequestInput {
  title: string;
  /** marks the title as a draft's, or takes such a mark away */
  draft?: boolean | undefined;
  body?: string | null | undefined;
  sourceBranch: string;
  /** the default branch unless told */
  targetBranch?: string | undefined;
}

type Git = Pick<GitStore, 'resolveCommit' | 'mergeBase' | 'isAncestor' | 'setReservedRefs'>;

function unprocessable(field: string, detail: string): DomainError {
  return new DomainError('unprocessable', detail, {
    errors: [{ pointer: `#/${field}`, detail }],
  });
}

interface Ends {
  sourceBranch: string;
  targetBranch: string;
  headSha: string;
  baseSha: string | null;
}

/** Where the two branches stand. @throws DomainError `unprocessable` when they cannot be merged into each other */
async function readEnds(git: Git, project: Project, input: CreateMergeRequestInput): Promise<Ends> {
  const { sourceBranch, targetBranch = project.defaultBranch } = input;
  if (sourceBranch === targetBranch) {
    throw unprocessable('targetBranch', 'Source and target are the same branch.');
  }
  const repoPath = repoPathOf(project);
  const headSha = await git.resolveCommit(repoPath, branchRef(sourceBranch));
  if (headSha === null) throw unprocessable('sourceBranch', 'There is no such branch.');
  const targetSha = await git.resolveCommit(repoPath, branchRef(targetBranch));
  if (targetSha === null) throw unprocessable('targetBranch', 'There is no such branch.');
  if (await git.isAncestor(repoPath, headSha, targetSha)) {
    throw unprocessable('sourceBranch', 'It has no commit that the target has not.');
  }
  const baseSha = await git.mergeBase(repoPath, targetSha, headSha);
  return { sourceBranch, targetBranch, headSha, baseSha };
}

/**
 * Throws `already_exists` when one is open between the two branches. Holds the project's row, so that of two at once the
 * second one sees the first.
 */
export async function refuseSecondOpen(
  tx: Prisma.TransactionClient,
  between: { projectId: string; sourceBranch: string; targetBranch: string },
): Promise<void> {
  await tx.$queryRaw`SELECT id FROM projects WHERE id = ${between.projectId} FOR NO KEY UPDATE`;
  const open = await tx.mergeRequest.findFirst({ where: { ...between, status: 'open' } });
  if (open === null) return;
  const detail = `!${String(open.number)} is open between these branches.`;
  throw new DomainError('already_exists', detail);
}

/**
 * The row alone, with the project's next number, within a transaction that writes more.
 * @throws DomainError `already_exists` when one is open between the two branches
 */
export async function createMergeRequestIn(
  tx: Prisma.TransactionClient,
  input: Ends & {
    projectId: string;
    authorId: string;
    title: string;
    body: string | null;
    changeId: string;
  },
): Promise<MergeRequest> {
  const { projectId, sourceBranch, targetBranch } = input;
  const { nextMrNumber } = await tx.project.update({
    where: { id: projectId },
    data: { nextMrNumber: { increment: 1 } },
    select: { nextMrNumber: true },
  });
  await refuseSecondOpen(tx, { projectId, sourceBranch, targetBranch });
  return tx.mergeRequest.create({
    data: { id: newId('mergeRequest'), number: nextMrNumber, ...input },
  });
}

/** Opens a merge request between two branches of a project; access (project:write) was checked by the route. */
export async function createMergeRequest(
  db: PrismaClient,
  git: Git,
  caller: Caller,
  project: Project,
  input: CreateMergeRequestInput,
): Promise<MergeRequestRecord> {
  const ends = await readEnds(git, project, input);
  const made = await inTransaction(db, async (tx) => {
    const { id: authorId } = await findActingUser(tx, caller);
    const head = { ref: branchRef(ends.sourceBranch), sha: ends.headSha };
    const mergeRequest = await createMergeRequestIn(tx, {
      ...ends,
      projectId: project.id,
      authorId,
      title: titleAs(input.title, input.draft),
      body: input.body ?? null,
      changeId: (await changeOfCommit(tx, project.id, head)) ?? newId('change'),
    });
    await announceMergeRequest(tx, { caller }, mergeRequest, { type: 'mr.created', did: 'opened' });
    const record = await readMergeRequest(tx, mergeRequest.id);
    await writeAudit(tx, caller, {
      action: 'mr.created',
      resource: 'merge_request',
      resourceId: mergeRequest.id,
      projectId: project.id,
      detail: { number: mergeRequest.number, ...ends },
    });
    return record;
  });
  // So that its head can be fetched at once. Should it fail: whoever follows the event does it again, and cannot pass over it.
  await showHeads(db, git, project, [made.id]).catch(() => undefined);
  return made;
}
