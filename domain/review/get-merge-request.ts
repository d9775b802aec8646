import type { GitStore } from '../../contracts/git/store.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import type { MergeStyle } from '../../contracts/review/types.ts';
import type { PrismaClient, Project } from '../../prisma/generated/client.ts';
import { effectivePermissions } from '../identity/check-access.ts';
import { allowedStyles, rulesFor } from './allowed-styles.ts';
import {
  findMergeRequest,
  readMergeRequest,
  type MergeRequestRecord,
} from './merge-request-record.ts';
import { refreshMergeRequest } from './refresh-merge-request.ts';
import { ownersOfWork } from './owners-of-work.ts';

export interface MergeRequestDetail extends MergeRequestRecord {
  /** how it may be merged, and how it would be without a choice */
  styles: { allowed: MergeStyle[]; preferred: MergeStyle | null };
  unresolvedThreads: number;
  /** what the caller may do: a hint for pages, every use-case checks for itself */
  permissions: { write: boolean; comment: boolean; approve: boolean; merge: boolean };
}

/** A merge request as it stands now. */
export async function getMergeRequest(
  db: PrismaClient,
  git: Pick<GitStore, 'resolveCommit' | 'mergeBase'>,
  caller: Caller,
  project: Project,
  number: number,
): Promise<MergeRequestDetail> {
  const found = await findMergeRequest(db, project.id, number);
  const row = await refreshMergeRequest(db, git, project, found, { caller: null });
  const held = await effectivePermissions(db, caller.principal, project.id);
  const rules = await db.protectedBranch.findMany({ where: { projectId: project.id } });
  const unresolvedThreads = await db.comment.count({
    where: { mrId: row.id, threadId: null, path: { not: null }, resolvedAt: null },
  });
  const write = held.has('project:write');
  const isOpen = row.status === 'open';
  const own = await ownersOfWork(db, row.authorId);
  const { userId, actChain } = caller.principal;
  const isOwn = [userId, ...actChain].some((id) => own.has(id));
  return {
    ...(await readMergeRequest(db, row.id)),
    styles: allowedStyles(project, rulesFor(rules, row.targetBranch)),
    unresolvedThreads,
    permissions: {
      write,
      comment: held.has('issue:write'),
      approve: write && isOpen && !isOwn,
      merge: write && isOpen,
    },
  };
}
