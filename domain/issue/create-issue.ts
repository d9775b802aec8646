import type { Caller } from '../../contracts/identity/principal.ts';
import type { Issue, Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { findActingUser } from '../identity/find-acting-user.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { announceIssue } from './announce-issue.ts';
import { checkAssignee } from './check-assignee.ts';
import { readIssue, type IssueRecord } from './issue-record.ts';
import { tidyLabels } from './tidy-labels.ts';

export interface CreateIssueInput {
  title: string;
  body?: string | null | undefined;
  labels?: readonly string[] | undefined;
  /** id or name */
  assignee?: string | null | undefined;
}

/**
 * Adds an issue under the project's next number. The counter is moved in the same transaction: a number is never taken
 * twice, and one that was not used is not lost. The caller's permission (issue:write) was checked by the route.
 * @throws DomainError `unprocessable` when the assignee may not see the project
 */
export async function createIssue(
  db: PrismaClient,
  caller: Caller,
  projectId: string,
  input: CreateIssueInput,
): Promise<IssueRecord> {
  return inTransaction(db, async (tx) => {
    const { id: authorId } = await findActingUser(tx, caller);
    const issue = await createIssueIn(tx, { projectId, authorId, ...input });
    await announceIssue(tx, caller, issue, { type: 'issue.created', did: 'opened' });
    const record = await readIssue(tx, issue.id);
    await writeAudit(tx, caller, {
      action: 'issue.created',
      resource: 'issue',
      resourceId: issue.id,
      projectId,
      detail: { number: issue.number, title: issue.title },
    });
    return record;
  });
}

/** The row alone, within a transaction that writes more. */
export async function createIssueIn(
  tx: Prisma.TransactionClient,
  input: CreateIssueInput & { projectId: string; authorId: string },
): Promise<Issue> {
  const { projectId, authorId, title } = input;
  const assigneeId = await checkAssignee(tx, projectId, input.assignee);
  const { nextIssueNumber } = await tx.project.update({
    where: { id: projectId },
    data: { nextIssueNumber: { increment: 1 } },
    select: { nextIssueNumber: true },
  });
  return tx.issue.create({
    data: {
      id: newId('issue'),
      projectId,
      number: nextIssueNumber,
      authorId,
      title,
      body: input.body ?? null,
      labels: tidyLabels(input.labels ?? []),
      assigneeId,
    },
  });
}
