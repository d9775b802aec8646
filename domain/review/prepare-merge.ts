import type { CommitPerson, MergeHindrance } from '../../contracts/git/merge.ts';
import type { GitCommit, GitStore } from '../../contracts/git/store.ts';
import type { MergeStyle } from '../../contracts/review/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { MergeRequest } from '../../prisma/generated/client.ts';
import { creditedMessage, type MessageGit } from './squash-message.ts';

export type MergeGit = MessageGit &
  Pick<GitStore, 'mergeCommits' | 'treeOf' | 'commitTree' | 'commitsBetween' | 'readCommit'>;

export interface MergePlan {
  repoPath: string;
  style: MergeStyle;
  mergeRequest: Pick<MergeRequest, 'number' | 'title' | 'body' | 'sourceBranch' | 'targetBranch'>;
  targetSha: string;
  headSha: string;
  /** tree of the merge of both */
  tree: string;
  /** of the merge request: of a squashed commit */
  author: CommitPerson;
  /** who merges */
  committer: CommitPerson;
  /** in place of the message that the platform writes for a merge or squashed commit */
  message: string | null;
}

/** The commit that the target shall move to, or the paths that keep it from being made. */
export type PreparedMerge = { sha: string } | MergeHindrance;

/** More than this is an import, not a change that somebody reviewed. */
const maxReplayed = 500;

function mergeMessage({ mergeRequest, message }: MergePlan): string {
  if (message !== null) return message;
  const { number, title, sourceBranch, targetBranch } = mergeRequest;
  return `Merge branch '${sourceBranch}' into ${targetBranch}\n\n${title}\n\nMerge request !${String(number)}`;
}

async function squash(git: MergeGit, plan: MergePlan): Promise<PreparedMerge> {
  const { repoPath, targetSha, headSha, tree, author, committer, mergeRequest } = plan;
  const body = (mergeRequest.body ?? '').trim();
  const parts = [`${mergeRequest.title} (!${String(mergeRequest.number)})`, body];
  const message = plan.message ?? parts.filter((part) => part !== '').join('\n\n');
  const range = { from: targetSha, to: headSha };
  const whole = await creditedMessage(git, repoPath, range, { message, author });
  const made = { tree, parents: [targetSha], message: whole, author, committer };
  return { sha: await git.commitTree(repoPath, made) };
}

/** Carries one commit over; null when it brings nothing that is not there already. */
async function replay(
  git: MergeGit,
  plan: MergePlan,
  commit: GitCommit,
  onto: string,
): Promise<PreparedMerge | null> {
  const { repoPath, committer } = plan;
  const [parent = null] = commit.parents;
  const merged = await git.mergeCommits(repoPath, {
    ours: onto,
    theirs: commit.sha,
    base: parent,
  });
  if ('conflicts' in merged) return merged;
  if (merged.tree === (await git.treeOf(repoPath, onto))) {
    const was = await git.treeOf(repoPath, commit.sha);
    // A commit that was empty from the start is meant to be there.
    if (parent === null || was !== (await git.treeOf(repoPath, parent))) return null;
  }
  const made = { tree: merged.tree, parents: [onto], message: { of: commit.sha } };
  return { sha: await git.commitTree(repoPath, { ...made, author: commit.author, committer }) };
}

/** The commits of the merge request anew on top of the target. Merges among them are left out, as `git rebase` does. */
async function rebase(git: MergeGit, plan: MergePlan): Promise<PreparedMerge> {
  const { repoPath, targetSha, headSha } = plan;
  const range = { from: targetSha, to: headSha, limit: maxReplayed + 1 };
  const commits = await git.commitsBetween(repoPath, range);
  if (commits.length > maxReplayed) {
    const detail = `More than ${String(maxReplayed)} commits cannot be rebased here.`;
    throw new DomainError('unprocessable', detail);
  }
  let onto = targetSha;
  for (const commit of commits) {
    if (commit.parents.length > 1) continue;
    if (commit.parents[0] === onto) {
      onto = commit.sha;
      continue;
    }
    const carried = await replay(git, plan, commit, onto);
    if (carried !== null && 'conflicts' in carried) return carried;
    onto = carried?.sha ?? onto;
  }
  return { sha: onto };
}

async function mergeOver(git: MergeGit, plan: MergePlan, head: string, tree: string) {
  const { repoPath, targetSha, committer } = plan;
  const made = { tree, parents: [targetSha, head], message: mergeMessage(plan) };
  return {
    sha: await git.commitTree(repoPath, { ...made, author: committer, committer }),
  };
}

/** Makes the commits of a merge. No ref moves: nobody sees them yet. */
export async function prepareMerge(git: MergeGit, plan: MergePlan): Promise<PreparedMerge> {
  const { repoPath, style, targetSha, headSha, tree } = plan;
  switch (style) {
    case 'merge':
      return mergeOver(git, plan, headSha, tree);
    case 'squash':
      return squash(git, plan);
    case 'fast-forward-only':
      return { sha: headSha };
    case 'rebase':
      return rebase(git, plan);
    case 'rebase-merge': {
      const rebased = await rebase(git, plan);
      if ('conflicts' in rebased || rebased.sha === targetSha) return rebased;
      return mergeOver(git, plan, rebased.sha, await git.treeOf(repoPath, rebased.sha));
    }
  }
}
