import type { MergeRequestStatus } from '../../contracts/review/types.ts';
import type { Prisma } from '../../prisma/generated/client.ts';
import { normalizeName } from '../identity/names.ts';
import type { Db } from '../shared/db.ts';
import { toPage, type Page, type PageRequest } from '../shared/page.ts';
import { hasText } from '../shared/text-match.ts';
import {
  mergeRequestParts,
  toMergeRequestRecords,
  type MergeRequestRecord,
} from './merge-request-record.ts';

export interface MergeRequestFilter {
  status?: MergeRequestStatus | undefined;
  /** id or name */
  author?: string | undefined;
  sourceBranch?: string | undefined;
  targetBranch?: string | undefined;
  /** part of the title or the body, or a number */
  q?: string | undefined;
}

function textFilter(q: string): Prisma.MergeRequestWhereInput {
  const number = /^!?(\d{1,9})$/u.exec(q)?.[1];
  const contains = hasText(q);
  const inText = [{ title: contains }, { body: contains }];
  return { OR: number === undefined ? inText : [...inText, { number: Number(number) }] };
}

function toWhere(projectId: string, filter: MergeRequestFilter): Prisma.MergeRequestWhereInput {
  const { status, author, sourceBranch, targetBranch, q } = filter;
  return {
    projectId,
    ...(status === undefined ? {} : { status }),
    ...(sourceBranch === undefined ? {} : { sourceBranch }),
    ...(targetBranch === undefined ? {} : { targetBranch }),
    ...(author === undefined
      ? {}
      : { author: { OR: [{ id: author }, { name: normalizeName(author) }] } }),
    ...(q === undefined || q === '' ? {} : textFilter(q)),
  };
}

export interface MergeRequestPage extends Page<MergeRequestRecord> {
  /** of all that match but for their status */
  counts: Record<MergeRequestStatus, number>;
}

/** Merge requests of a project, newest first. */
export async function listMergeRequests(
  db: Db,
  projectId: string,
  filter: MergeRequestFilter,
  page: PageRequest,
): Promise<MergeRequestPage> {
  const where = toWhere(projectId, filter);
  const groups = await db.mergeRequest.groupBy({
    by: ['status'],
    where: toWhere(projectId, { ...filter, status: undefined }),
    _count: true,
  });
  const countOf = (status: MergeRequestStatus) =>
    groups.find((group) => group.status === status)?._count ?? 0;
  const counts = { open: countOf('open'), merged: countOf('merged'), closed: countOf('closed') };
  const rows = await db.mergeRequest.findMany({
    where: page.after === null ? where : { AND: [where, { id: { lt: page.after } }] },
    include: mergeRequestParts,
    orderBy: { id: 'desc' },
    skip: page.offset,
    take: page.limit + 1,
  });
  const all = counts.open + counts.merged + counts.closed;
  const total = filter.status === undefined ? all : counts[filter.status];
  const { next } = toPage(rows, page, total, (row) => row);
  return {
    items: await toMergeRequestRecords(db, rows.slice(0, page.limit)),
    total,
    next,
    counts,
  };
}
