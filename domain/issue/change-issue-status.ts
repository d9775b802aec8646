import { issueTransitions, type IssueStatus } from '../../contracts/issue/types.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Issue, Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { inTransaction } from '../shared/tx.ts';
import { announceIssue } from './announce-issue.ts';
import { findIssue, readIssue, type IssueRecord } from './issue-record.ts';

async function moveIssue(
  tx: Prisma.TransactionClient,
  caller: Caller,
  issue: Issue,
  status: IssueStatus,
  by: Record<string, unknown>,
): Promise<boolean> {
  const from = (Object.keys(issueTransitions) as IssueStatus[]).filter((one) =>
    issueTransitions[one].includes(status),
  );
  const moved = await tx.issue.updateMany({
    where: { id: issue.id, status: { in: from } },
    data: { status },
  });
  if (moved.count === 0) return false;
  await announceIssue(
    tx,
    caller,
    { ...issue, status },
    {
      type: 'issue.status_changed',
      did: status === 'closed' ? 'closed' : 'reopened',
      payload: by,
    },
  );
  return true;
}

/**
 * Closes or reopens an issue; access (issue:write) was checked by the route.
 * @throws DomainError `illegal_transition` when it is in that status already
 */
export async function changeIssueStatus(
  db: PrismaClient,
  caller: Caller,
  projectId: string,
  change: { number: number; status: IssueStatus },
): Promise<IssueRecord> {
  const { number, status } = change;
  return inTransaction(db, async (tx) => {
    const issue = await findIssue(tx, projectId, number);
    if (!(await moveIssue(tx, caller, issue, status, {}))) {
      throw new DomainError('illegal_transition', `The issue is ${issue.status} already.`);
    }
    const record = await readIssue(tx, issue.id);
    await writeAudit(tx, caller, {
      action: status === 'closed' ? 'issue.closed' : 'issue.reopened',
      resource: 'issue',
      resourceId: issue.id,
      projectId,
      detail: { number },
    });
    return record;
  });
}

/**
 * Closes the open ones of these issues within a transaction that tells the audit log by itself.
 * @param by what closed them; part of their events
 * @returns numbers of those that it closed
 */
export async function closeIssuesIn(
  tx: Prisma.TransactionClient,
  caller: Caller,
  projectId: string,
  numbers: readonly number[],
  by: { mergeRequest: number } | { push: string },
): Promise<number[]> {
  const issues = await tx.issue.findMany({
    where: { projectId, number: { in: [...numbers] } },
    orderBy: { number: 'asc' },
  });
  const closed: number[] = [];
  for (const issue of issues) {
    if (await moveIssue(tx, caller, issue, 'closed', { closedBy: by })) closed.push(issue.number);
  }
  return closed;
}
