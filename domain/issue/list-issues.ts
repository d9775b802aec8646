import type { IssueStatus } from '../../contracts/issue/types.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import { normalizeName } from '../identity/names.ts';
import type { Db } from '../shared/db.ts';
import { toPage, type Page, type PageRequest } from '../shared/page.ts';
import { columnHasText } from '../shared/text-match.ts';
import { toIssueRecord, type IssueRecord } from './issue-record.ts';

export interface IssueFilter {
  status?: IssueStatus | undefined;
  /** issues that have all of them */
  labels?: readonly string[] | undefined;
  /** only issues without any label */
  unlabelled?: boolean | undefined;
  /** id or name; 'none' for issues that nobody works on */
  assignee?: string | undefined;
  /** id or name */
  author?: string | undefined;
  /** part of the title or the body, or a number, whatever the case */
  q?: string | undefined;
}

/** A user `u` who was named by id or name. */
const isNamed = (user: string): Prisma.Sql =>
  Prisma.sql`(u.id = ${user} OR u.name = ${normalizeName(user)})`;

function textFilter(q: string): Prisma.Sql {
  const number = /^#?(\d{1,9})$/u.exec(q)?.[1];
  const isNumber =
    number === undefined ? Prisma.empty : Prisma.sql`OR i.number = ${Number(number)}`;
  return Prisma.sql`(${columnHasText(Prisma.sql`i.title`, q)} OR ${columnHasText(Prisma.sql`i.body`, q)} ${isNumber})`;
}

/** All that is asked of an issue `i` but its status. */
function toWhere(projectId: string, filter: IssueFilter): Prisma.Sql {
  const { labels = [], unlabelled, assignee, author, q = '' } = filter;
  const conditions = [Prisma.sql`i.project_id = ${projectId}`];
  if (labels.length > 0) conditions.push(Prisma.sql`i.labels @> ${[...labels]}::text[]`);
  if (unlabelled === true) conditions.push(Prisma.sql`i.labels = '{}'`);
  if (assignee === 'none') conditions.push(Prisma.sql`i.assignee_id IS NULL`);
  else if (assignee !== undefined) {
    conditions.push(
      Prisma.sql`i.assignee_id IN (SELECT id FROM users u WHERE ${isNamed(assignee)})`,
    );
  }
  if (author !== undefined) {
    conditions.push(Prisma.sql`i.author_id IN (SELECT id FROM users u WHERE ${isNamed(author)})`);
  }
  if (q !== '') conditions.push(textFilter(q));
  return Prisma.join(conditions, ' AND ');
}

export interface IssuePage extends Page<IssueRecord> {
  /** of all issues that match but for their status */
  counts: Record<IssueStatus, number>;
}

interface Row {
  open: number;
  closed: number;
  /** null in the one row of a page without issues */
  id: string | null;
  number: number;
  title: string;
  body: string | null;
  status: string;
  labels: string[];
  createdAt: Date;
  updatedAt: Date;
  authorId: string;
  authorName: string;
  authorDisplayName: string | null;
  assigneeId: string | null;
  assigneeName: string;
  assigneeDisplayName: string | null;
  comments: number;
}

function toRecord(row: Row & { id: string }): IssueRecord {
  const { assigneeId, authorName: name, authorDisplayName: displayName } = row;
  const assignee = { name: row.assigneeName, displayName: row.assigneeDisplayName };
  return toIssueRecord({
    ...row,
    author: { id: row.authorId, name, displayName },
    assignee: assigneeId === null ? null : { id: assigneeId, ...assignee },
    _count: { comments: row.comments },
  });
}

/** Issues of a project, newest first, and the numbers of all of them: one statement. */
export async function listIssues(
  db: Db,
  projectId: string,
  filter: IssueFilter,
  page: PageRequest,
): Promise<IssuePage> {
  const { status = null } = filter;
  const where = toWhere(projectId, filter);
  const rows = await db.$queryRaw<Row[]>`
    WITH counts AS (
      SELECT count(*) FILTER (WHERE i.status = 'open')::int AS open,
             count(*) FILTER (WHERE i.status = 'closed')::int AS closed
        FROM issues i WHERE ${where}
    ), page AS (
      SELECT i.* FROM issues i
       WHERE ${where} AND (${status}::text IS NULL OR i.status = ${status})
         AND (${page.after}::text IS NULL OR i.id < ${page.after})
       ORDER BY i.id DESC OFFSET ${page.offset} LIMIT ${page.limit + 1}
    )
    SELECT counts.open, counts.closed, i.id, i.number, i.title, i.body, i.status, i.labels,
           i.created_at AS "createdAt", i.updated_at AS "updatedAt", i.author_id AS "authorId", a.name AS "authorName",
           a.display_name AS "authorDisplayName", i.assignee_id AS "assigneeId", w.name AS "assigneeName",
           w.display_name AS "assigneeDisplayName",
           (SELECT count(*)::int FROM comments c WHERE c.issue_id = i.id) AS comments
      FROM counts LEFT JOIN page i ON true
      LEFT JOIN users a ON a.id = i.author_id LEFT JOIN users w ON w.id = i.assignee_id
     ORDER BY i.id DESC`;
  const counts = { open: rows[0]?.open ?? 0, closed: rows[0]?.closed ?? 0 };
  const issues = rows.filter((row): row is Row & { id: string } => row.id !== null);
  const total = status === null ? counts.open + counts.closed : counts[status];
  return { ...toPage(issues, page, total, toRecord), counts };
}
