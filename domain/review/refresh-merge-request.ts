import type { GitStore } from '../../contracts/git/store.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import type { MergeRequest, PrismaClient, Project } from '../../prisma/generated/client.ts';
import { repoPathOf } from '../git/read-repository.ts';
import { inTransaction } from '../shared/tx.ts';
import { announceMergeRequest } from './announce-merge-request.ts';
import { branchRef, noAutoMerge } from './merge-request-record.ts';

type Git = Pick<GitStore, 'resolveCommit' | 'mergeBase'>;

/** What a merge request shall say of its source branch. */
interface Source {
  headSha: string;
  baseSha: string | null;
  sourceDeleted: boolean;
}

async function readSource(git: Git, project: Project, mergeRequest: MergeRequest): Promise<Source> {
  const repoPath = repoPathOf(project);
  const { headSha, baseSha } = mergeRequest;
  const head = await git.resolveCommit(repoPath, branchRef(mergeRequest.sourceBranch));
  if (head === null) return { headSha, baseSha, sourceDeleted: true };
  if (head === headSha) return { headSha, baseSha, sourceDeleted: false };
  const target = await git.resolveCommit(repoPath, branchRef(mergeRequest.targetBranch));
  const base = target === null ? baseSha : await git.mergeBase(repoPath, target, head);
  return { headSha: head, baseSha: base, sourceDeleted: false };
}

/**
 * Brings an open merge request to where its source branch is now, and tells it (`mr.updated`): approvals of the head
 * before are stale from then on, and an automatic merge that waited is called off. Asked after each push, and again
 * wherever something is decided by the head. Several at once tell it once.
 */
export async function refreshMergeRequest(
  db: PrismaClient,
  git: Git,
  project: Project,
  mergeRequest: MergeRequest,
  by: { caller: Caller | null; traceparent?: string | null },
): Promise<MergeRequest> {
  if (mergeRequest.status !== 'open') return mergeRequest;
  const source = await readSource(git, project, mergeRequest);
  const { headSha, targetBranch, sourceDeleted, id } = mergeRequest;
  if (source.headSha === headSha && source.sourceDeleted === sourceDeleted) return mergeRequest;
  return inTransaction(db, async (tx) => {
    const moved = await tx.mergeRequest.updateMany({
      where: { id, status: 'open', headSha, targetBranch, sourceDeleted },
      data: { ...source, ...noAutoMerge },
    });
    const now = await tx.mergeRequest.findUniqueOrThrow({ where: { id } });
    if (moved.count === 0) return now;
    const pushed = source.headSha !== headSha;
    const staleApprovals = await tx.mrReview.count({
      where: { mrId: id, verdict: 'approve', commitSha: headSha },
    });
    await announceMergeRequest(tx, by, now, {
      type: 'mr.updated',
      did: pushed ? 'pushed to' : source.sourceDeleted ? 'deleted the branch of' : 'restored',
      payload: {
        changed: pushed ? ['headSha'] : ['sourceDeleted'],
        previousHeadSha: headSha,
        sourceDeleted: source.sourceDeleted,
        staleApprovals: pushed ? staleApprovals : 0,
        autoMergeCancelled: mergeRequest.autoMergeStyle !== null,
      },
    });
    return now;
  });
}
