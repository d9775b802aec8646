import type { Caller } from '../../contracts/identity/principal.ts';
import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { inTransaction } from '../shared/tx.ts';
import { announceIssue } from './announce-issue.ts';
import { checkAssignee } from './check-assignee.ts';
import { findIssue, readIssue, type IssueRecord } from './issue-record.ts';
import { tidyLabels } from './tidy-labels.ts';

export interface UpdateIssueInput {
  title?: string | undefined;
  body?: string | null | undefined;
  labels?: readonly string[] | undefined;
  /** id or name; null gives it to nobody */
  assignee?: string | null | undefined;
}

/** Changes the given parts; access (issue:write) was checked by the route. */
export async function updateIssue(
  db: PrismaClient,
  caller: Caller,
  projectId: string,
  number: number,
  input: UpdateIssueInput,
): Promise<IssueRecord> {
  return inTransaction(db, async (tx) => {
    const issue = await findIssue(tx, projectId, number);
    const data: Prisma.IssueUncheckedUpdateInput = {
      ...(input.title === undefined ? {} : { title: input.title }),
      ...(input.body === undefined ? {} : { body: input.body }),
      ...(input.labels === undefined ? {} : { labels: tidyLabels(input.labels) }),
      ...(input.assignee === undefined
        ? {}
        : { assigneeId: await checkAssignee(tx, projectId, input.assignee) }),
    };
    const changed = Object.keys(data);
    const updated = await tx.issue.update({ where: { id: issue.id }, data });
    await announceIssue(tx, caller, updated, {
      type: 'issue.updated',
      did: 'changed',
      payload: { changed },
    });
    const record = await readIssue(tx, issue.id);
    await writeAudit(tx, caller, {
      action: 'issue.updated',
      resource: 'issue',
      resourceId: issue.id,
      projectId,
      detail: { number, changed },
    });
    return record;
  });
}
