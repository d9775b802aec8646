import type { Caller } from '../../contracts/identity/principal.ts';
import type { GitStore } from '../../contracts/git/store.ts';
import { DomainError, type ProblemCode } from '../../contracts/problems.ts';
import type { MergeStyle } from '../../contracts/review/types.ts';
import type { MergeRequest, Prisma, PrismaClient, Project } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { can } from '../identity/check-access.ts';
import {
  limitsOf,
  onlyFor,
  readLimits,
  whyCredentialEnded,
} from '../identity/credential-limits.ts';
import { findActingUser } from '../identity/find-acting-user.ts';
import { callerFor, systemCaller } from '../identity/system-user.ts';
import { inTransaction } from '../shared/tx.ts';
import { allowedStyles, rulesFor } from './allowed-styles.ts';
import { announceMergeRequest } from './announce-merge-request.ts';
import { requireTransition } from './change-merge-request-status.ts';
import { checkMergeability, mergeBlocked } from './check-mergeability.ts';
import { addThreadComment } from './comment-merge-request.ts';
import { mergeMergeRequest, requireSameHead, type MergeDeps } from './merge-merge-request.ts';
import {
  findMergeRequest,
  noAutoMerge,
  readMergeRequest,
  type MergeRequestRecord,
} from './merge-request-record.ts';
import { refreshMergeRequest } from './refresh-merge-request.ts';

export interface AutoMergeInput {
  style?: MergeStyle | undefined;
  deleteSource?: boolean | undefined;
  /** the head that was looked at: another one is refused */
  headSha?: string | undefined;
}

/**
 * Lets a merge request merge itself, as the caller and within the limits of the credential that they come with, as soon as
 * all rules pass. A push to its source calls it off, and so does the end of that credential.
 * @throws DomainError `illegal_transition` when it is not open, `merge_blocked` for a style that is not allowed,
 * `conflict` when the head is another than `headSha`, and when 200 wait in the caller's name
 */
export async function enableAutoMerge(
  { db, git }: { db: PrismaClient; git: Pick<GitStore, 'resolveCommit' | 'mergeBase'> },
  caller: Caller,
  project: Project,
  number: number,
  input: AutoMergeInput,
): Promise<MergeRequestRecord> {
  const found = await findMergeRequest(db, project.id, number);
  requireTransition(found.status, 'merged');
  const row = await refreshMergeRequest(db, git, project, found, { caller });
  requireSameHead(row, input.headSha);
  const { id: userId } = await findActingUser(db, caller);
  const rules = await db.protectedBranch.findMany({ where: { projectId: project.id } });
  const { allowed, preferred } = allowedStyles(project, rulesFor(rules, row.targetBranch));
  const style = input.style ?? preferred;
  if (style === null || !allowed.includes(style)) {
    const detail = `Allowed here: ${allowed.join(', ')}.`;
    throw mergeBlocked([{ rule: 'merge_style', state: 'missing', detail, missing: allowed }]);
  }
  return inTransaction(db, async (tx) => {
    await requireFew(tx, userId, row.id);
    const deleteSource = input.deleteSource === true;
    const armed = await tx.mergeRequest.updateMany({
      where: { id: row.id, status: 'open', headSha: row.headSha, targetBranch: row.targetBranch },
      data: {
        autoMergeStyle: style,
        autoMergeBy: userId,
        autoMergeLimits: { ...limitsOf(caller.principal) },
        autoMergeDeleteSource: deleteSource,
      },
    });
    if (armed.count === 0) throw new DomainError('illegal_transition', 'It was changed just now.');
    await announceMergeRequest(tx, { caller }, row, {
      type: 'mr.auto_merge_enabled',
      did: 'set to merge itself',
      payload: { style },
    });
    const record = await readMergeRequest(tx, row.id);
    await writeAudit(tx, caller, {
      action: 'mr.auto_merge_enabled',
      resource: 'merge_request',
      resourceId: row.id,
      projectId: project.id,
      detail: { number, style, deleteSource, headSha: row.headSha },
    });
    return record;
  });
}

/** So many merge requests merge themselves in one person's name: each is tried anew with every push to its target. */
const mostArmed = 200;

async function requireFew(
  tx: Prisma.TransactionClient,
  userId: string,
  besides: string,
): Promise<void> {
  // Of several at once the later sees the earlier.
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('slipway:armed:' || ${userId}, 0))`;
  const armed = await tx.mergeRequest.count({
    where: {
      ...{ autoMergeBy: userId, autoMergeStyle: { not: null }, status: 'open' },
      id: { not: besides },
    },
  });
  if (armed < mostArmed) return;
  const detail = `At most ${String(mostArmed)} merge requests merge themselves in your name: call one off first.`;
  throw new DomainError('conflict', detail);
}

/** A remark of the platform on the merge request: whoever waits for the merge looks there. */
async function remark(
  tx: Prisma.TransactionClient,
  row: MergeRequest,
  body: string,
): Promise<void> {
  const caller = await systemCaller(tx);
  const plain = { threadId: null, reviewId: null, position: null };
  const authorId = caller.principal.userId;
  const { id } = await addThreadComment(tx, row, { authorId, body, ...plain });
  await announceMergeRequest(tx, { caller }, row, {
    type: 'mr.commented',
    did: 'commented on',
    payload: { commentIds: [id], threadId: null, path: null },
  });
}

/**
 * Calls an automatic merge off.
 * @param isTold with a remark that says why: nobody who looks at the page did it
 * @throws DomainError `illegal_transition` when there is none
 */
export async function cancelAutoMerge(
  db: PrismaClient,
  caller: Caller,
  projectId: string,
  number: number,
  { reason, isTold = false }: { reason: string; isTold?: boolean },
): Promise<MergeRequestRecord> {
  const row = await findMergeRequest(db, projectId, number);
  return inTransaction(db, async (tx) => {
    const cancelled = await tx.mergeRequest.updateMany({
      where: { id: row.id, autoMergeStyle: { not: null } },
      data: noAutoMerge,
    });
    if (cancelled.count === 0) {
      throw new DomainError('illegal_transition', 'It does not merge itself.');
    }
    await announceMergeRequest(tx, { caller }, row, {
      type: 'mr.auto_merge_cancelled',
      did: 'called off the automatic merge of',
      payload: { reason },
    });
    if (isTold) await remark(tx, row, `The automatic merge was called off: ${reason}`);
    const record = await readMergeRequest(tx, row.id);
    await writeAudit(tx, caller, {
      action: 'mr.auto_merge_cancelled',
      resource: 'merge_request',
      resourceId: row.id,
      projectId,
      detail: { number, reason },
    });
    return record;
  });
}

/** Refusals that only mean: not now. */
const waits = new Set<ProblemCode>([
  'merge_blocked',
  'illegal_transition',
  'conflict',
  'protected',
]);
/** Failures that say nothing of the merge request: it is tried again (due-merges.ts). */
const passing = new Set<ProblemCode>([
  'unavailable',
  'timed_out',
  'sealed',
  'disk_full',
  'internal',
]);

/**
 * Merges a merge request that waits to merge itself, if all its rules pass. Called whenever one of them may have
 * changed; any number of times. Whoever asked for it must still be allowed to merge, by the credential that they asked with.
 * @returns whether it was merged
 */
export async function tryAutoMerge(
  deps: MergeDeps,
  mergeRequestId: string,
  traceparent: string | null,
): Promise<boolean> {
  const { db } = deps;
  const row = await db.mergeRequest.findUnique({
    where: { id: mergeRequestId },
    include: { project: true },
  });
  if (row?.autoMergeStyle == null || row.status !== 'open') return false;
  const user = await db.user.findUnique({ where: { id: row.autoMergeBy ?? '' } });
  // One of before limits were kept still merges; it answers for no secrets.
  const limits = readLimits(row.autoMergeLimits, onlyFor('project:write'));
  const ended = await whyCredentialEnded(db, user, limits);
  const caller = user === null || ended !== null ? null : callerFor(user, limits, traceparent);
  if (caller === null || !(await can(db, caller.principal, 'project:write', row.projectId))) {
    const why = ended ?? 'whoever asked for it may not merge any more';
    await giveUp(db, row, `${why.charAt(0).toUpperCase()}${why.slice(1)}.`);
    return false;
  }
  try {
    return await mergeIfMergeable(deps, caller, row);
  } catch (error) {
    if (!(error instanceof DomainError) || passing.has(error.code)) throw error;
    if (!waits.has(error.code)) await giveUp(db, row, error.message);
    return false;
  }
}

async function mergeIfMergeable(
  deps: MergeDeps,
  caller: Caller,
  row: MergeRequest & { project: Project },
): Promise<boolean> {
  const { project, number, headSha, autoMergeDeleteSource: deleteSource } = row;
  const style = row.autoMergeStyle as MergeStyle;
  const { mergeable } = await checkMergeability(deps.db, deps.git, project, row, style);
  if (!mergeable) return false;
  const input = { style, deleteSource, headSha, isAutomatic: true };
  await mergeMergeRequest(deps, caller, project, number, input);
  return true;
}

/** Calls it off, and says so, where it still waits. */
export async function callOffAutoMerge(
  db: PrismaClient,
  mergeRequestId: string,
  reason: string,
): Promise<void> {
  const row = await db.mergeRequest.findUnique({ where: { id: mergeRequestId } });
  if (row !== null) await giveUp(db, row, reason);
}

/** What it was refused for does not pass by waiting: it is called off, and said. Somebody may have done so meanwhile. */
async function giveUp(
  db: PrismaClient,
  { projectId, number }: MergeRequest,
  reason: string,
): Promise<void> {
  const because = { reason, isTold: true };
  const caller = await systemCaller(db);
  await cancelAutoMerge(db, caller, projectId, number, because).catch((error: unknown) => {
    if (!(error instanceof DomainError) || error.code !== 'illegal_transition') throw error;
  });
}
