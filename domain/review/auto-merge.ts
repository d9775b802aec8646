import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { MergeStyle } from '../../contracts/review/types.ts';
import type { PrismaClient, Project } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { can } from '../identity/check-access.ts';
import { findActingUser } from '../identity/find-acting-user.ts';
import { callerFor } from '../identity/system-user.ts';
import { inTransaction } from '../shared/tx.ts';
import { allowedStyles, rulesFor } from './allowed-styles.ts';
import { announceMergeRequest } from './announce-merge-request.ts';
import { requireTransition } from './change-merge-request-status.ts';
import { checkMergeability, mergeBlocked } from './check-mergeability.ts';
import { mergeMergeRequest, type MergeDeps } from './merge-merge-request.ts';
import {
  findMergeRequest,
  readMergeRequest,
  type MergeRequestRecord,
} from './merge-request-record.ts';

const none = { autoMergeStyle: null, autoMergeBy: null, autoMergeDeleteSource: false };

/**
 * Lets a merge request merge itself, as the caller, as soon as all rules pass. A push to its source calls it off.
 * @throws DomainError `illegal_transition` when it is not open, `merge_blocked` for a style that is not allowed
 */
export async function enableAutoMerge(
  db: PrismaClient,
  caller: Caller,
  project: Project,
  number: number,
  input: { style?: MergeStyle | undefined; deleteSource?: boolean | undefined },
): Promise<MergeRequestRecord> {
  const row = await findMergeRequest(db, project.id, number);
  requireTransition(row.status, 'merged');
  const { id: userId } = await findActingUser(db, caller);
  const rules = await db.protectedBranch.findMany({ where: { projectId: project.id } });
  const { allowed, preferred } = allowedStyles(project, rulesFor(rules, row.targetBranch));
  const style = input.style ?? preferred;
  if (style === null || !allowed.includes(style)) {
    const detail = `Allowed here: ${allowed.join(', ')}.`;
    throw mergeBlocked([{ rule: 'merge_style', state: 'missing', detail, missing: allowed }]);
  }
  return inTransaction(db, async (tx) => {
    const deleteSource = input.deleteSource === true;
    const armed = await tx.mergeRequest.updateMany({
      where: { id: row.id, status: 'open', headSha: row.headSha },
      data: { autoMergeStyle: style, autoMergeBy: userId, autoMergeDeleteSource: deleteSource },
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

/** Calls an automatic merge off. @throws DomainError `illegal_transition` when there is none */
export async function cancelAutoMerge(
  db: PrismaClient,
  caller: Caller,
  projectId: string,
  number: number,
  reason: string,
): Promise<MergeRequestRecord> {
  const row = await findMergeRequest(db, projectId, number);
  return inTransaction(db, async (tx) => {
    const cancelled = await tx.mergeRequest.updateMany({
      where: { id: row.id, autoMergeStyle: { not: null } },
      data: none,
    });
    if (cancelled.count === 0) {
      throw new DomainError('illegal_transition', 'It does not merge itself.');
    }
    await announceMergeRequest(tx, { caller }, row, {
      type: 'mr.auto_merge_cancelled',
      did: 'called off the automatic merge of',
      payload: { reason },
    });
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
const waits = new Set(['merge_blocked', 'illegal_transition', 'conflict', 'protected']);

/**
 * Merges a merge request that waits to merge itself, if all its rules pass. Called whenever one of them may have
 * changed; any number of times. Whoever asked for it must still be allowed to merge.
 * @returns whether it was merged
 */
export async function tryAutoMerge(
  deps: MergeDeps,
  mergeRequestId: string,
  traceparent: string | null,
): Promise<boolean> {
  const { db, git } = deps;
  const row = await db.mergeRequest.findUnique({
    where: { id: mergeRequestId },
    include: { project: true },
  });
  if (row?.autoMergeStyle == null || row.status !== 'open') return false;
  const { project, number } = row;
  const user = await db.user.findUnique({ where: { id: row.autoMergeBy ?? '' } });
  const caller = user?.isActive === true ? callerFor(user, undefined, traceparent) : null;
  if (caller === null || !(await can(db, caller.principal, 'project:write', project.id))) {
    if (user === null) return false;
    const reason = 'Whoever asked for it may not merge any more.';
    await cancelAutoMerge(db, callerFor(user), project.id, number, reason);
    return false;
  }
  const style = row.autoMergeStyle as MergeStyle;
  const { mergeable } = await checkMergeability(db, git, project, row, style);
  if (!mergeable) return false;
  const input = { style, deleteSource: row.autoMergeDeleteSource, headSha: row.headSha };
  try {
    await mergeMergeRequest(deps, caller, project, number, input);
    return true;
  } catch (error) {
    if (error instanceof DomainError && waits.has(error.code)) return false;
    throw error;
  }
}
