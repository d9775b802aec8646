import { DomainError } from '../../contracts/problems.ts';
import type { Comment, Prisma, User } from '../../prisma/generated/client.ts';
import { toUserName, userNameFields, type UserName } from '../identity/user-names.ts';
import type { Db } from '../shared/db.ts';
import { toPage, type Page, type PageRequest } from '../shared/page.ts';

export const commentParts = { author: { select: userNameFields } } as const;

export interface CommentRecord {
  id: string;
  /** Markdown as it was written */
  body: string;
  author: UserName;
  createdAt: string;
  updatedAt: string;
}

export function toCommentRecord(
  comment: Comment & { author: Pick<User, 'id' | 'name' | 'displayName'> },
): CommentRecord {
  return {
    id: comment.id,
    body: comment.body,
    author: toUserName(comment.author),
    createdAt: comment.createdAt.toISOString(),
    updatedAt: comment.updatedAt.toISOString(),
  };
}

/** Comments on an issue, oldest first. */
export async function listIssueComments(
  db: Db,
  issueId: string,
  page: PageRequest,
): Promise<Page<CommentRecord>> {
  const rows = await db.comment.findMany({
    where: { issueId, ...(page.after === null ? {} : { id: { gt: page.after } }) },
    include: commentParts,
    orderBy: { id: 'asc' },
    skip: page.offset,
    take: page.limit + 1,
  });
  return toPage(rows, page, await db.comment.count({ where: { issueId } }), toCommentRecord);
}

/**
 * Replaces the text of a comment in the caller's transaction.
 * @throws DomainError `not_found`, `forbidden` for somebody else's
 */
export async function editOwnComment(
  tx: Prisma.TransactionClient,
  userId: string,
  where: { id: string; issueId: string } | { id: string; mrId: string },
  body: string,
): Promise<CommentRecord> {
  const comment = await tx.comment.findFirst({ where });
  if (comment === null) throw new DomainError('not_found', 'There is no such comment.');
  if (comment.authorId !== userId) {
    throw new DomainError('forbidden', 'Only its author may change a comment.');
  }
  return toCommentRecord(
    await tx.comment.update({ where: { id: comment.id }, data: { body }, include: commentParts }),
  );
}
