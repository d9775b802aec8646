import type { GitStore } from '../../contracts/git/store.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { ReviewVerdict } from '../../contracts/review/types.ts';
import type { MergeRequest, Prisma, PrismaClient, Project } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { repoPathOf } from '../git/read-repository.ts';
import { findActingUser } from '../identity/find-acting-user.ts';
import { ownersOfWork } from './owners-of-work.ts';
import { toUserName, userNameFields, type UserName } from '../identity/user-names.ts';
import type { Db } from '../shared/db.ts';
import { newId } from '../shared/new-id.ts';
import { toPage, type Page, type PageRequest } from '../shared/page.ts';
import { inTransaction } from '../shared/tx.ts';
import { announceMergeRequest } from './announce-merge-request.ts';
import { requireTransition } from './change-merge-request-status.ts';
import { addThreadComment } from './comment-merge-request.ts';
import { readPosition, type LinePosition, type PositionInput } from './line-position.ts';
import { findMergeRequest } from './merge-request-record.ts';
import { refreshMergeRequest } from './refresh-merge-request.ts';

type Git = Pick<
  GitStore,
  'resolveCommit' | 'mergeBase' | 'statPath' | 'readBlob' | 'mapLines' | 'isAncestor'
>;

export interface ReviewInput {
  verdict: ReviewVerdict;
  body?: string | null | undefined;
  /** head that was looked at; the current one unless told */
  commitSha?: string | undefined;
  /** target that it was looked at for; the current one unless told */
  targetBranch?: string | undefined;
  comments?: readonly { body: string; position: Omit<PositionInput, 'commitSha'> }[] | undefined;
}

export interface ReviewRecord {
  id: string;
  verdict: ReviewVerdict;
  body: string | null;
  reviewer: UserName;
  commitSha: string;
  targetBranch: string;
  /** given for another head, or another target, than there is now */
  stale: boolean;
  commentCount: number;
  createdAt: string;
}

const reviewParts = {
  reviewer: { select: userNameFields },
  _count: { select: { comments: true } },
} as const;

type ReviewWithParts = Prisma.MrReviewGetPayload<{ include: typeof reviewParts }>;

function toReviewRecord(
  row: ReviewWithParts,
  { headSha, targetBranch }: Pick<MergeRequest, 'headSha' | 'targetBranch'>,
): ReviewRecord {
  return {
    id: row.id,
    verdict: row.verdict as ReviewVerdict,
    body: row.body,
    reviewer: toUserName(row.reviewer),
    commitSha: row.commitSha,
    targetBranch: row.targetBranch,
    stale: row.commitSha !== headSha || row.targetBranch !== targetBranch,
    commentCount: row._count.comments,
    createdAt: row.createdAt.toISOString(),
  };
}

/** Reviews of a merge request, oldest first. */
export async function listReviews(
  db: Db,
  mergeRequest: MergeRequest,
  page: PageRequest,
): Promise<Page<ReviewRecord>> {
  const where = { mrId: mergeRequest.id };
  const rows = await db.mrReview.findMany({
    where: page.after === null ? where : { ...where, id: { gt: page.after } },
    include: reviewParts,
    orderBy: { id: 'asc' },
    skip: page.offset,
    take: page.limit + 1,
  });
  const total = await db.mrReview.count({ where });
  return toPage(rows, page, total, (row) => toReviewRecord(row, mergeRequest));
}

/** Nobody approves their own merge request, nor the one of their own agent; neither does an agent for its owner. */
async function requireOthersWork(db: Db, caller: Caller, row: MergeRequest): Promise<void> {
  const own = await ownersOfWork(db, row.authorId);
  const { userId, actChain } = caller.principal;
  if (![userId, ...actChain].some((id) => own.has(id))) return;
  throw new DomainError(
    'forbidden',
    'Nobody approves their own merge request, or the one that their own agent made.',
  );
}

/** A merge holds the row until it is written down: what is said counts in it, or is refused. */
async function requireStillOpen(tx: Prisma.TransactionClient, row: MergeRequest): Promise<void> {
  await tx.$queryRaw`SELECT id FROM merge_requests WHERE id = ${row.id} FOR UPDATE`;
  const { status } = await tx.mergeRequest.findUniqueOrThrow({ where: { id: row.id } });
  requireTransition(status, 'merged');
}

async function requireCommit(git: Git, project: Project, sha: string): Promise<void> {
  if ((await git.resolveCommit(repoPathOf(project), sha)) === sha) return;
  throw new DomainError('unprocessable', 'There is no such commit.');
}

async function readRemarks(
  git: Git,
  project: Project,
  row: MergeRequest,
  comments: NonNullable<ReviewInput['comments']>,
  commitSha: string,
): Promise<{ body: string; position: LinePosition }[]> {
  const remarks: { body: string; position: LinePosition }[] = [];
  for (const { body, position } of comments) {
    const at = await readPosition(git, project, row, { ...position, commitSha });
    remarks.push({ body, position: at });
  }
  return remarks;
}

/**
 * Gives a verdict on the head that was looked at, with remarks on lines. Access (project:write) was checked by the route.
 * @throws DomainError `forbidden` for an approval of one's own work, `illegal_transition` when it is not open,
 * `unprocessable` for a commit or line that is not there
 */
export async function reviewMergeRequest(
  db: PrismaClient,
  git: Git,
  caller: Caller,
  project: Project,
  input: ReviewInput & { number: number },
): Promise<ReviewRecord> {
  const found = await findMergeRequest(db, project.id, input.number);
  requireTransition(found.status, 'merged');
  if (input.verdict === 'approve') await requireOthersWork(db, caller, found);
  const row = await refreshMergeRequest(db, git, project, found, { caller: null });
  const { commitSha = row.headSha, targetBranch = row.targetBranch } = input;
  await requireCommit(git, project, commitSha);
  const remarks = await readRemarks(git, project, row, input.comments ?? [], commitSha);
  return inTransaction(db, async (tx) => {
    await requireStillOpen(tx, row);
    const { id: reviewerId } = await findActingUser(tx, caller);
    const review = await tx.mrReview.create({
      data: {
        id: newId('review'),
        projectId: project.id,
        mrId: row.id,
        reviewerId,
        verdict: input.verdict,
        body: input.body ?? null,
        commitSha,
        targetBranch,
      },
    });
    const of = { authorId: reviewerId, threadId: null, reviewId: review.id };
    for (const remark of remarks) await addThreadComment(tx, row, { ...remark, ...of });
    await announceMergeRequest(tx, { caller }, row, {
      type: 'mr.reviewed',
      did: input.verdict === 'approve' ? 'approved' : 'reviewed',
      payload: { reviewId: review.id, verdict: input.verdict, commitSha },
    });
    const made = await tx.mrReview.findUniqueOrThrow({
      where: { id: review.id },
      include: reviewParts,
    });
    await writeAudit(tx, caller, {
      action: 'mr.reviewed',
      resource: 'merge_request',
      resourceId: row.id,
      projectId: project.id,
      detail: { number: row.number, verdict: input.verdict, commitSha },
    });
    return toReviewRecord(made, row);
  });
}
