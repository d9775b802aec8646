import type { GitStore } from '../../contracts/git/store.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { MergeRequest, Prisma, PrismaClient, Project } from '../../prisma/generated/client.ts';
import { mergeRequestTransitions, type MergeRequestStatus } from '../../contracts/review/types.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { repoPathOf } from '../git/read-repository.ts';
import { inTransaction } from '../shared/tx.ts';
import { announceMergeRequest } from './announce-merge-request.ts';
import { refuseSecondOpen } from './create-merge-request.ts';
import {
  branchRef,
  findMergeRequest,
  noAutoMerge,
  readMergeRequest,
  type MergeRequestRecord,
} from './merge-request-record.ts';

/** Throws `illegal_transition` unless the table of statuses allows the step. */
export function requireTransition(from: string, to: MergeRequestStatus): void {
  const allowed = mergeRequestTransitions[from as MergeRequestStatus];
  if (allowed.includes(to)) return;
  throw new DomainError('illegal_transition', `The merge request is ${from}.`);
}

async function move(
  tx: Prisma.TransactionClient,
  caller: Caller,
  row: MergeRequest,
  to: 'open' | 'closed',
): Promise<MergeRequestRecord> {
  const moved = await tx.mergeRequest.updateMany({
    where: { id: row.id, status: row.status },
    data: { status: to, ...noAutoMerge },
  });
  if (moved.count === 0) throw new DomainError('illegal_transition', 'It was changed just now.');
  await announceMergeRequest(
    tx,
    { caller },
    { ...row, status: to },
    to === 'closed'
      ? { type: 'mr.closed', did: 'closed' }
      : { type: 'mr.reopened', did: 'reopened' },
  );
  const record = await readMergeRequest(tx, row.id);
  await writeAudit(tx, caller, {
    action: to === 'closed' ? 'mr.closed' : 'mr.reopened',
    resource: 'merge_request',
    resourceId: row.id,
    projectId: row.projectId,
    detail: { number: row.number },
  });
  return record;
}

/** Closes a merge request without merging it. @throws DomainError `illegal_transition` when it is not open */
export async function closeMergeRequest(
  db: PrismaClient,
  caller: Caller,
  projectId: string,
  number: number,
): Promise<MergeRequestRecord> {
  const row = await findMergeRequest(db, projectId, number);
  requireTransition(row.status, 'closed');
  return inTransaction(db, (tx) => move(tx, caller, row, 'closed'));
}

/**
 * Opens a closed merge request again.
 * @throws DomainError `illegal_transition`, `already_exists` when another one is open between the branches,
 * `unprocessable` when the source branch is gone
 */
export async function reopenMergeRequest(
  db: PrismaClient,
  git: Pick<GitStore, 'resolveCommit'>,
  caller: Caller,
  project: Project,
  number: number,
): Promise<MergeRequestRecord> {
  const row = await findMergeRequest(db, project.id, number);
  requireTransition(row.status, 'open');
  const { sourceBranch, targetBranch } = row;
  const head = await git.resolveCommit(repoPathOf(project), branchRef(sourceBranch));
  if (head === null) throw new DomainError('unprocessable', 'Its source branch is gone.');
  return inTransaction(db, async (tx) => {
    await refuseSecondOpen(tx, { projectId: project.id, sourceBranch, targetBranch });
    return move(tx, caller, row, 'open');
  });
}
