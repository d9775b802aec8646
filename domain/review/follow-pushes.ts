import { branchOfRef } from '../../contracts/git/ref-name.ts';
import type { EventRecord, GitPushedPayload } from '../../contracts/event/types.ts';
import type { GitStore } from '../../contracts/git/store.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import type { MergeStyle } from '../../contracts/review/types.ts';
import type { MergeRequest, PrismaClient, Project } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { limitsOfEvent } from '../event/limits-of-event.ts';
import { repoPathOf } from '../git/read-repository.ts';
import { type CredentialLimits, onlyFor, readLimits } from '../identity/credential-limits.ts';
import { callerFor, systemCaller } from '../identity/system-user.ts';
import { closeIssuesOfPush } from '../issue/close-by-push.ts';
import { inTransaction } from '../shared/tx.ts';
import { branchRef } from './merge-request-record.ts';
import { closedBy, recordMerge } from './record-merge.ts';
import { refreshMergeRequest } from './refresh-merge-request.ts';

export interface FollowDeps {
  db: PrismaClient;
  git: Pick<GitStore, 'resolveCommit' | 'mergeBase' | 'isAncestor' | 'commitsBetween'>;
}

/** A merge that its process did not live to write down; see merge-merge-request.ts. */
interface MergeIntent {
  sha: string;
  style: MergeStyle;
  by: string;
  /** of the credential that merged; merges of before have none */
  limits?: unknown;
}

/** Whoever moved a branch, as they did it: what follows from it they may within the limits of that credential. */
interface Mover {
  id: string | null;
  limits: CredentialLimits | null;
}

async function callerOf(db: PrismaClient, { id, limits }: Mover): Promise<Caller> {
  const user = id === null ? null : await db.user.findUnique({ where: { id } });
  return user === null ? systemCaller(db) : callerFor(user, limits ?? onlyFor('project:write'));
}

/** The merge that the target shows, or null: one that broke off, or one that somebody made by hand. */
async function findMerge(
  { git }: FollowDeps,
  project: Project,
  row: MergeRequest,
): Promise<{ sha: string; style: MergeStyle | null; by: Mover | null } | null> {
  const repoPath = repoPathOf(project);
  const target = await git.resolveCommit(repoPath, branchRef(row.targetBranch));
  if (target === null) return null;
  const intent = row.mergeIntent as MergeIntent | null;
  if (intent !== null && (await git.resolveCommit(repoPath, intent.sha)) !== null) {
    if (await git.isAncestor(repoPath, intent.sha, target)) {
      const { sha, style, by: id, limits } = intent;
      return { sha, style, by: { id, limits: readLimits(limits, null) } };
    }
  }
  if (row.baseSha === row.headSha) return null;
  return (await git.isAncestor(repoPath, row.headSha, target))
    ? { sha: target, style: null, by: null }
    : null;
}

/** Marks a merge request as merged whose commits are in the target: nobody needs to merge it any more. */
async function settle(
  deps: FollowDeps,
  project: Project,
  row: MergeRequest,
  pusher: Mover,
): Promise<void> {
  const { db, git } = deps;
  const merge = await findMerge(deps, project, row);
  if (merge === null) return;
  const caller = await callerOf(db, merge.by ?? pusher);
  const { baseSha } = row;
  const closes = await closedBy(git, project, row, baseSha);
  await inTransaction(db, async (tx) => {
    await tx.$queryRaw`SELECT id FROM merge_requests WHERE id = ${row.id} FOR UPDATE`;
    const now = await tx.mergeRequest.findUniqueOrThrow({ where: { id: row.id } });
    if (now.status !== 'open') return;
    const done = { ...merge, baseSha, sourceDeleted: false, closes };
    const closedIssues = await recordMerge(tx, caller, now, done);
    await writeAudit(tx, caller, {
      action: 'mr.merged',
      resource: 'merge_request',
      resourceId: row.id,
      projectId: project.id,
      detail: { number: row.number, mergeSha: merge.sha, style: merge.style, closedIssues },
    });
  });
}

/**
 * What a push means for the open merge requests of its branches: a new head for those from them, and for those into
 * them perhaps that they are merged; and for the issues that its commits close. May be called again for the same push.
 * @returns ids of the merge requests that are still open and into a branch that moved
 */
export async function followPush(deps: FollowDeps, event: EventRecord): Promise<string[]> {
  const { db, git } = deps;
  const { updates, pusherId } = event.payload as unknown as GitPushedPayload;
  const branches = updates.map(({ ref }) => branchOfRef(ref)).filter((name) => name !== null);
  if (event.projectId === null || branches.length === 0) return [];
  const project = await db.project.findUnique({ where: { id: event.projectId } });
  if (project?.repoPath == null) return [];
  const open = { projectId: project.id, status: 'open' };
  const pusher = { id: pusherId, limits: await limitsOfEvent(db, event) };
  const by = { caller: await callerOf(db, pusher), traceparent: event.traceparent };
  const from = await db.mergeRequest.findMany({
    where: { ...open, sourceBranch: { in: branches } },
  });
  for (const row of from) await refreshMergeRequest(db, git, project, row, by);
  const into = await db.mergeRequest.findMany({
    where: { ...open, targetBranch: { in: branches } },
  });
  for (const row of into) await settle(deps, project, row, pusher);
  await closeIssuesOfPush(deps, by.caller, project, event);
  return into.map((row) => row.id);
}
