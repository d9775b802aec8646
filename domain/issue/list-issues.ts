import type { IssueStatus } from '../../contracts/issue/types.ts';
import type { Prisma } from '../../prisma/generated/client.ts';
import { normalizeName } from '../identity/names.ts';
import type { Db } from '../shared/db.ts';
import { toPage, type Page, type PageRequest } from '../shared/page.ts';
import { hasText } from '../shared/text-match.ts';
import { issueParts, toIssueRecord, type IssueRecord } from './issue-record.ts';

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

const named = (user: string) => ({ OR: [{ id: user }, { name: normalizeName(user) }] });

function textFilter(q: string): Prisma.IssueWhereInput {
  const number = /^#?(\d{1,9})$/u.exec(q)?.[1];
  const contains = hasText(q);
  const inText = [{ title: contains }, { body: contains }];
  return { OR: number === undefined ? inText : [...inText, { number: Number(number) }] };
}

function toWhere(projectId: string, filter: IssueFilter): Prisma.IssueWhereInput {
  const { status, labels, unlabelled, assignee, author, q } = filter;
  return {
    projectId,
    ...(status === undefined ? {} : { status }),
    ...(labels === undefined || labels.length === 0 ? {} : { labels: { hasEvery: [...labels] } }),
    ...(unlabelled === true ? { labels: { isEmpty: true } } : {}),
    ...(assignee === undefined
      ? {}
      : assignee === 'none'
        ? { assigneeId: null }
        : { assignee: named(assignee) }),
    ...(author === undefined ? {} : { author: named(author) }),
    ...(q === undefined || q === '' ? {} : textFilter(q)),
  };
}

export interface IssuePage extends Page<IssueRecord> {
  /** of all issues that match but for their status */
  counts: Record<IssueStatus, number>;
}

/** Issues of a project, newest first. */
export async function listIssues(
  db: Db,
  projectId: string,
  filter: IssueFilter,
  page: PageRequest,
): Promise<IssuePage> {
  const where = toWhere(projectId, filter);
  const groups = await db.issue.groupBy({
    by: ['status'],
    where: toWhere(projectId, { ...filter, status: undefined }),
    _count: true,
  });
  const countOf = (status: IssueStatus) =>
    groups.find((group) => group.status === status)?._count ?? 0;
  const counts = { open: countOf('open'), closed: countOf('closed') };
  const rows = await db.issue.findMany({
    where: page.after === null ? where : { AND: [where, { id: { lt: page.after } }] },
    include: issueParts,
    orderBy: { id: 'desc' },
    skip: page.offset,
    take: page.limit + 1,
  });
  const total = filter.status === undefined ? counts.open + counts.closed : counts[filter.status];
  return { ...toPage(rows, page, total, toIssueRecord), counts };
}
