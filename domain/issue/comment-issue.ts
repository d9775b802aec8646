import type { Caller } from '../../contracts/identity/principal.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { findActingUser } from '../identity/find-acting-user.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { announceIssue } from './announce-issue.ts';
import {
  commentParts,
  editOwnComment,
  toCommentRecord,
  type CommentRecord,
} from './comment-record.ts';
import { findIssue } from './issue-record.ts';

/** Adds a comment to an issue; access (issue:write) was checked by the route. */
export async function commentIssue(
  db: PrismaClient,
  caller: Caller,
  projectId: string,
  input: { number: number; body: string },
): Promise<CommentRecord> {
  return inTransaction(db, async (tx) => {
    const issue = await findIssue(tx, projectId, input.number);
    const { id: authorId } = await findActingUser(tx, caller);
    const comment = await tx.comment.create({
      data: { id: newId('comment'), projectId, issueId: issue.id, authorId, body: input.body },
      include: commentParts,
    });
    await announceIssue(tx, caller, issue, {
      type: 'issue.commented',
      did: 'commented on',
      payload: { commentId: comment.id },
    });
    await writeAudit(tx, caller, {
      action: 'issue.commented',
      resource: 'issue',
      resourceId: issue.id,
      projectId,
      detail: { number: issue.number, commentId: comment.id },
    });
    return toCommentRecord(comment);
  });
}

/** Changes one's own comment on an issue. @throws DomainError `not_found`, `forbidden` for somebody else's */
export async function editIssueComment(
  db: PrismaClient,
  caller: Caller,
  projectId: string,
  input: { number: number; commentId: string; body: string },
): Promise<CommentRecord> {
  return inTransaction(db, async (tx) => {
    const issue = await findIssue(tx, projectId, input.number);
    const of = { id: input.commentId, issueId: issue.id };
    const comment = await editOwnComment(tx, caller.principal.userId, of, input.body);
    await writeAudit(tx, caller, {
      action: 'issue.comment_edited',
      resource: 'issue',
      resourceId: issue.id,
      projectId,
      detail: { number: issue.number, commentId: comment.id },
    });
    return comment;
  });
}
