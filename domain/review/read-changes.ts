import type { GitCommit, GitDiff, GitStore } from '../../contracts/git/store.ts';
import type { MergeRequest, Project } from '../../prisma/generated/client.ts';
import { repoPathOf } from '../git/read-repository.ts';
import { branchRef } from './merge-request-record.ts';

type Git = Pick<GitStore, 'resolveCommit' | 'mergeBase' | 'diff' | 'log' | 'countBetween'>;

const maxPatchBytes = 1024 * 1024;

/**
 * The two commits between which a merge request changes something: where it leaves its target as that is now, or left
 * it before it was merged or closed, and its head.
 */
export async function readRange(
  git: Pick<GitStore, 'resolveCommit' | 'mergeBase'>,
  project: Project,
  mergeRequest: MergeRequest,
): Promise<{ base: string | null; head: string }> {
  const { headSha: head, baseSha, status, targetBranch } = mergeRequest;
  if (status !== 'open') return { base: baseSha, head };
  const repoPath = repoPathOf(project);
  const target = await git.resolveCommit(repoPath, branchRef(targetBranch));
  return { base: target === null ? baseSha : await git.mergeBase(repoPath, target, head), head };
}

/** What a merge request changes, as a patch from its merge base; cut at 1 MiB. */
export async function readMergeRequestDiff(
  git: Git,
  project: Project,
  mergeRequest: MergeRequest,
): Promise<{ base: string | null; head: string; diff: GitDiff }> {
  const range = await readRange(git, project, mergeRequest);
  const options = { from: range.base, to: range.head, maxBytes: maxPatchBytes };
  return { ...range, diff: await git.diff(repoPathOf(project), options) };
}

/** Commits of a merge request, newest first. */
export async function readMergeRequestCommits(
  git: Git,
  project: Project,
  mergeRequest: MergeRequest,
  page: { skip: number; limit: number },
): Promise<{ commits: GitCommit[]; total: number }> {
  const { base, head } = await readRange(git, project, mergeRequest);
  const repoPath = repoPathOf(project);
  const without = base === null ? {} : { without: base };
  const commits = await git.log(repoPath, { sha: head, path: '', ...page, ...without });
  const total =
    base === null ? commits.length : await git.countBetween(repoPath, { from: base, to: head });
  return { commits, total };
}
