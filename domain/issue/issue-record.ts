import type { IssueStatus } from '../../contracts/issue/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Issue, Prisma } from '../../prisma/generated/client.ts';
import { toUserName, userNameFields, type UserName } from '../identity/user-names.ts';
import type { Db } from '../shared/db.ts';

export const issueParts = {
  author: { select: userNameFields },
  assignee: { select: userNameFields },
  _count: { select: { comments: true } },
} as const satisfies Prisma.IssueInclude;

type IssueWithParts = Prisma.IssueGetPayload<{ include: typeof issueParts }>;
type ShownIssue = Omit<IssueWithParts, 'projectId' | 'authorId' | 'assigneeId'>;

export interface IssueRecord {
  id: string;
  number: number;
  title: string;
  /** Markdown as it was written; never rendered here */
  body: string | null;
  status: IssueStatus;
  labels: string[];
  author: UserName;
  assignee: UserName | null;
  commentCount: number;
  createdAt: string;
  updatedAt: string;
}

export function toIssueRecord(issue: ShownIssue): IssueRecord {
  return {
    id: issue.id,
    number: issue.number,
    title: issue.title,
    body: issue.body,
    status: issue.status as IssueStatus,
    labels: issue.labels,
    author: toUserName(issue.author),
    assignee: issue.assignee === null ? null : toUserName(issue.assignee),
    commentCount: issue._count.comments,
    createdAt: issue.createdAt.toISOString(),
    updatedAt: issue.updatedAt.toISOString(),
  };
}

/** The record of an issue that is there. */
export async function readIssue(db: Db, issueId: string): Promise<IssueRecord> {
  return toIssueRecord(
    await db.issue.findUniqueOrThrow({ where: { id: issueId }, include: issueParts }),
  );
}

/** The row of an issue by its number. @throws DomainError `not_found` */
export async function findIssue(db: Db, projectId: string, number: number): Promise<Issue> {
  const issue = await db.issue.findUnique({
    where: { projectId_number: { projectId, number } },
  });
  if (issue === null) throw new DomainError('not_found', 'There is no such issue.');
  return issue;
}
