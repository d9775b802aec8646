import type { EventRecord, EventType } from '../../contracts/event/types.ts';
import type { GitStore } from '../../contracts/git/store.ts';
import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { triggerPipelineForMergeRequest } from '../pipeline/trigger-for-merge-request.ts';
import type { RepositoryReader } from '../pipeline/repository-reader.ts';
import { markMergesDue } from './due-merges.ts';
import { followPush } from './follow-pushes.ts';
import { showHeads } from './head-refs.ts';
import { refreshMergeRequest } from './refresh-merge-request.ts';

/** What `review` takes; the switch below is over these. */
export const reviewEventTypes = [
  'git.pushed',
  'mr.created',
  'mr.reopened',
  'mr.updated',
  'mr.reviewed',
  'mr.auto_merge_enabled',
  'step.completed',
  'pipeline.completed',
  'access.changed',
  'user.deactivated',
  'project.updated',
] as const satisfies readonly EventType[];

export interface ReviewEventDeps {
  db: PrismaClient;
  git: GitStore;
  repositories: Pick<RepositoryReader, 'definition' | 'commitMessage'>;
}

/** Merge requests of the event's project that wait to merge themselves are tried again. */
async function tryWaiting(
  { db }: ReviewEventDeps,
  event: EventRecord,
  where: Prisma.MergeRequestWhereInput,
): Promise<void> {
  if (event.projectId !== null) await markMergesDue(db, { projectId: event.projectId, ...where });
}

/** Its head stays, though a branch that is rewritten or deleted may hold it no more; and its pipeline runs. */
async function followHead(deps: ReviewEventDeps, event: EventRecord): Promise<void> {
  const { db, git } = deps;
  const row = await db.mergeRequest.findUnique({
    where: { id: event.subjectId ?? '' },
    include: { project: true },
  });
  if (row?.project.repoPath == null) return;
  const { project, number } = row;
  const { headSha } = await refreshMergeRequest(db, git, project, row, { caller: null });
  await showHeads(db, git, project, [row.id]);
  for (const sha of new Set([String(event.payload['headSha']), headSha])) {
    const name = `mr/${String(number)}/${sha.slice(0, 16)}`;
    // A head that was pushed over long ago may be collected by now.
    await git.keepCommit(row.project.repoPath, name, sha).catch(() => undefined);
  }
  await triggerPipelineForMergeRequest(db, deps.repositories, event);
  // Where no run is wanted nothing else tells that its checks may pass.
  await tryWaiting(deps, event, { id: row.id });
}

/** The commit that the step of an event worked on. */
async function commitOfStep(db: PrismaClient, { payload }: EventRecord): Promise<string | null> {
  const { commitSha, pipelineId } = payload;
  if (commitSha === null || typeof commitSha === 'string') return commitSha;
  // An event of before does not say it.
  const where = { id: String(pipelineId) };
  return (await db.pipeline.findUnique({ where, select: { commitSha: true } }))?.commitSha ?? null;
}

/** What events mean for merge requests. Each may come twice: everything here is done once. */
export async function followReviewEvent(deps: ReviewEventDeps, event: EventRecord): Promise<void> {
  switch (event.type as (typeof reviewEventTypes)[number]) {
    case 'git.pushed': {
      const ids = await followPush(deps, event);
      await tryWaiting(deps, event, { id: { in: ids } });
      return;
    }
    case 'mr.created':
    case 'mr.reopened':
      await followHead(deps, event);
      return;
    case 'mr.updated': {
      const changed = event.payload['changed'] as string[];
      // Into another target other steps may run, and its checks are judged by a run of its own.
      if (changed.includes('headSha') || changed.includes('targetBranch'))
        await followHead(deps, event);
      // A draft may have been marked as ready.
      if (changed.includes('title')) await tryWaiting(deps, event, { id: event.subjectId ?? '' });
      return;
    }
    case 'mr.reviewed':
    case 'mr.auto_merge_enabled':
      await tryWaiting(deps, event, { id: event.subjectId ?? '' });
      return;
    case 'step.completed': {
      // A required check may be green long before its pipeline ends: behind it a gate may wait for days.
      const headSha = await commitOfStep(deps.db, event);
      if (headSha !== null) await tryWaiting(deps, event, { headSha });
      return;
    }
    case 'pipeline.completed': {
      const sha = event.payload['commitSha'];
      if (typeof sha === 'string') await tryWaiting(deps, event, { headSha: sha });
      return;
    }
    case 'access.changed': {
      if (event.payload['action'] !== 'token.revoked') return;
      const limits = { path: ['tokenId'], equals: event.subjectId ?? '' };
      await markMergesDue(deps.db, { autoMergeLimits: limits });
      return;
    }
    case 'user.deactivated':
      await markMergesDue(deps.db, { autoMergeBy: event.subjectId });
      return;
    case 'project.updated':
      await tryWaiting(deps, event, {});
      return;
    default:
  }
}
