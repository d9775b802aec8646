import type { DiffSide } from '../../contracts/review/types.ts';
import type { Comment, MergeRequest, Project, User } from '../../prisma/generated/client.ts';
import { readUserNames, type UserName } from '../identity/user-names.ts';
import { commentParts, toCommentRecord, type CommentRecord } from '../issue/comment-record.ts';
import type { Db } from '../shared/db.ts';
import { toPage, type Page, type PageRequest } from '../shared/page.ts';
import { followPositions, type CurrentPosition } from './line-position.ts';

type CommentWithAuthor = Comment & { author: Pick<User, 'id' | 'name' | 'displayName'> };

/** A remark on a merge request. */
export interface ThreadComment extends CommentRecord {
  /** first remark of its thread; null when it is that itself */
  threadId: string | null;
  reviewId: string | null;
  /** where it was made */
  position: { commitSha: string; path: string; side: DiffSide; line: number } | null;
  /** where that is now */
  current: CurrentPosition | null;
  /** of the thread, on its first remark */
  resolved: { at: string; by: UserName | null } | null;
}

type Git = Parameters<typeof followPositions>[0];

function positionOf(comment: Comment): ThreadComment['position'] {
  const { commitSha, path, side, line } = comment;
  if (commitSha === null || path === null || line === null) return null;
  return { commitSha, path, side: side as DiffSide, line };
}

/** Rows as the API shows them, with their lines followed to where the code is now. */
export async function toThreadComments(
  db: Db,
  git: Git,
  project: Project,
  mergeRequest: MergeRequest,
  rows: readonly CommentWithAuthor[],
): Promise<ThreadComment[]> {
  const current = await followPositions(git, project, mergeRequest, rows);
  const users = await readUserNames(
    db,
    rows.map((row) => row.resolvedBy),
  );
  return rows.map((row) => ({
    ...toCommentRecord(row),
    threadId: row.threadId,
    reviewId: row.reviewId,
    position: positionOf(row),
    current: current.get(row.id) ?? null,
    resolved:
      row.resolvedAt === null
        ? null
        : { at: row.resolvedAt.toISOString(), by: users.get(row.resolvedBy ?? '') ?? null },
  }));
}

/** Remarks on a merge request, oldest first, with their lines followed to where the code is now. */
export async function listThreadComments(
  db: Db,
  git: Git,
  project: Project,
  mergeRequest: MergeRequest,
  page: PageRequest,
): Promise<Page<ThreadComment>> {
  const where = { mrId: mergeRequest.id };
  const rows = await db.comment.findMany({
    where: page.after === null ? where : { ...where, id: { gt: page.after } },
    include: commentParts,
    orderBy: { id: 'asc' },
    skip: page.offset,
    take: page.limit + 1,
  });
  const { next, total } = toPage(rows, page, await db.comment.count({ where }), (row) => row);
  const kept = rows.slice(0, page.limit);
  return { items: await toThreadComments(db, git, project, mergeRequest, kept), total, next };
}
