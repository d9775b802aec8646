import type { GitStore } from '../../contracts/git/store.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type {
  Comment,
  MergeRequest,
  Prisma,
  PrismaClient,
  Project,
} from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { findActingUser } from '../identity/find-acting-user.ts';
import { commentParts, editOwnComment, type CommentRecord } from '../issue/comment-record.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { announceMergeRequest } from './announce-merge-request.ts';
import { readPosition, type LinePosition, type PositionInput } from './line-position.ts';
import { findMergeRequest } from './merge-request-record.ts';
import { refreshMergeRequest } from './refresh-merge-request.ts';
import { toThreadComments, type ThreadComment } from './thread-record.ts';

type Git = Pick<
  GitStore,
  'resolveCommit' | 'mergeBase' | 'statPath' | 'readBlob' | 'mapLines' | 'isAncestor'
>;

export interface CommentInput {
  body: string;
  /** any remark of the thread to answer in */
  replyTo?: string | undefined;
  /** on a line; without it on the whole */
  position?: PositionInput | undefined;
}

async function threadOf(
  tx: Prisma.TransactionClient,
  mrId: string,
  replyTo: string | undefined,
): Promise<string | null> {
  if (replyTo === undefined) return null;
  const answered = await tx.comment.findFirst({ where: { id: replyTo, mrId } });
  if (answered === null) {
    const detail = 'There is no such comment here.';
    const errors = [{ pointer: '#/replyTo', detail }];
    throw new DomainError('unprocessable', detail, { errors });
  }
  return answered.threadId ?? answered.id;
}

/** Adds the row of a remark within a transaction that writes more. */
export async function addThreadComment(
  tx: Prisma.TransactionClient,
  mergeRequest: MergeRequest,
  input: {
    authorId: string;
    body: string;
    threadId: string | null;
    reviewId: string | null;
    position: LinePosition | null;
  },
): Promise<Comment> {
  const { position, ...rest } = input;
  return tx.comment.create({
    data: {
      id: newId('comment'),
      projectId: mergeRequest.projectId,
      mrId: mergeRequest.id,
      ...rest,
      ...position,
    },
  });
}

/** Remarks on a merge request or one of its lines, or answers; access (issue:write) was checked by the route. */
export async function commentMergeRequest(
  db: PrismaClient,
  git: Git,
  caller: Caller,
  project: Project,
  input: CommentInput & { number: number },
): Promise<ThreadComment> {
  if (input.replyTo !== undefined && input.position !== undefined) {
    throw new DomainError('unprocessable', 'An answer stands where its thread stands.');
  }
  const found = await findMergeRequest(db, project.id, input.number);
  const row = await refreshMergeRequest(db, git, project, found, { caller: null });
  const position =
    input.position === undefined ? null : await readPosition(git, project, row, input.position);
  const made = await inTransaction(db, async (tx) => {
    const { id: authorId } = await findActingUser(tx, caller);
    const threadId = await threadOf(tx, row.id, input.replyTo);
    const text = { authorId, body: input.body, threadId, reviewId: null, position };
    const { id } = await addThreadComment(tx, row, text);
    await announceMergeRequest(tx, { caller }, row, {
      type: 'mr.commented',
      did: 'commented on',
      payload: { commentIds: [id], threadId, path: position?.path ?? null },
    });
    await writeAudit(tx, caller, {
      action: 'mr.commented',
      resource: 'merge_request',
      resourceId: row.id,
      projectId: project.id,
      detail: { number: row.number, commentId: id },
    });
    return await tx.comment.findUniqueOrThrow({ where: { id }, include: commentParts });
  });
  // Git is asked after the transaction: every event of everybody waits for the end of one that has written.
  const [shown] = await toThreadComments(db, git, project, row, [made]);
  if (shown === undefined) throw new Error('a comment that was made is not shown');
  return shown;
}

/** Changes one's own remark. @throws DomainError `not_found`, `forbidden` for somebody else's */
export async function editMergeRequestComment(
  db: PrismaClient,
  caller: Caller,
  projectId: string,
  input: { number: number; commentId: string; body: string },
): Promise<CommentRecord> {
  return inTransaction(db, async (tx) => {
    const row = await findMergeRequest(tx, projectId, input.number);
    const of = { id: input.commentId, mrId: row.id };
    const comment = await editOwnComment(tx, caller.principal.userId, of, input.body);
    await writeAudit(tx, caller, {
      action: 'mr.comment_edited',
      resource: 'merge_request',
      resourceId: row.id,
      projectId,
      detail: { number: row.number, commentId: comment.id },
    });
    return comment;
  });
}

/**
 * Marks a thread as settled or as open again; access (issue:write) was checked by the route.
 * @param input.commentId any remark of the thread
 * @throws DomainError `illegal_transition` when it is that already
 */
export async function resolveThread(
  db: PrismaClient,
  caller: Caller,
  projectId: string,
  input: { number: number; commentId: string; resolved: boolean },
): Promise<{ threadId: string; resolved: boolean }> {
  const { resolved } = input;
  return inTransaction(db, async (tx) => {
    const row = await findMergeRequest(tx, projectId, input.number);
    const found = await tx.comment.findFirst({ where: { id: input.commentId, mrId: row.id } });
    if (found === null) throw new DomainError('not_found', 'There is no such comment.');
    const threadId = found.threadId ?? found.id;
    const { userId } = caller.principal;
    const changed = await tx.comment.updateMany({
      where: { id: threadId, resolvedAt: resolved ? null : { not: null } },
      data: { resolvedAt: resolved ? new Date() : null, resolvedBy: resolved ? userId : null },
    });
    if (changed.count === 0) {
      const detail = resolved ? 'The thread is resolved already.' : 'The thread is not resolved.';
      throw new DomainError('illegal_transition', detail);
    }
    await announceMergeRequest(tx, { caller }, row, {
      type: 'mr.updated',
      did: resolved ? 'resolved a thread of' : 'reopened a thread of',
      payload: { changed: ['threads'], threadId, resolved },
    });
    await writeAudit(tx, caller, {
      action: resolved ? 'mr.thread_resolved' : 'mr.thread_reopened',
      resource: 'merge_request',
      resourceId: row.id,
      projectId,
      detail: { number: row.number, threadId },
    });
    return { threadId, resolved };
  });
}
