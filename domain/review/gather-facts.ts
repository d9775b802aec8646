import type { GitStore } from '../../contracts/git/store.ts';
import type { MergeRequest, Project } from '../../prisma/generated/client.ts';
import { repoPathOf } from '../git/read-repository.ts';
import { branchRef } from './merge-request-record.ts';
import { readCodeOwners, type CodeOwners } from './read-code-owners.ts';

/** What the repository says of a merge of one commit into another: it never changes for the two. */
export interface MergeFacts {
  /** null when the target branch is gone */
  targetSha: string | null;
  headSha: string;
  baseSha: string | null;
  /** the target has all of it already */
  isContained: boolean;
  canFastForward: boolean;
  /** paths in which the branches conflict */
  conflicts: string[];
  /** tree of the merge; null when there is none */
  tree: string | null;
  /** null when nobody asked, or nothing is changed */
  codeOwners: CodeOwners | null;
  /** commits that the target has not, asked for with approvals; null when they are too many to be told one by one */
  brought: string[] | null;
}

export type FactsGit = Pick<
  GitStore,
  | 'resolveCommit'
  | 'mergeBase'
  | 'mergeCommits'
  | 'treeOf'
  | 'changedPaths'
  | 'commitsBetween'
  | 'statPaths'
  | 'readBlob'
>;

const maxBrought = 1000;

async function tryMerge(
  git: FactsGit,
  repoPath: string,
  { targetSha, headSha, canFastForward }: MergeFacts & { targetSha: string },
): Promise<Pick<MergeFacts, 'tree' | 'conflicts'>> {
  if (canFastForward) return { tree: await git.treeOf(repoPath, headSha), conflicts: [] };
  const merged = await git.mergeCommits(repoPath, { ours: targetSha, theirs: headSha });
  return 'tree' in merged
    ? { tree: merged.tree, conflicts: [] }
    : { tree: null, conflicts: merged.conflicts };
}

async function readBrought(
  git: FactsGit,
  repoPath: string,
  from: string,
  to: string,
): Promise<string[] | null> {
  const commits = await git.commitsBetween(repoPath, { from, to, limit: maxBrought + 1 });
  return commits.length > maxBrought ? null : commits.map(({ sha }) => sha);
}

/** Reads what a merge of this head into its target would be. */
export async function gatherFacts(
  git: FactsGit,
  project: Project,
  mergeRequest: Pick<MergeRequest, 'headSha' | 'targetBranch' | 'baseSha'>,
  options: { codeOwners: boolean; approvals: boolean },
): Promise<MergeFacts> {
  const repoPath = repoPathOf(project);
  const { headSha } = mergeRequest;
  const targetSha = await git.resolveCommit(repoPath, branchRef(mergeRequest.targetBranch));
  const facts: MergeFacts = {
    targetSha,
    headSha,
    baseSha: mergeRequest.baseSha,
    isContained: false,
    canFastForward: false,
    conflicts: [],
    tree: null,
    codeOwners: null,
    brought: [],
  };
  if (targetSha === null) return facts;
  const baseSha = await git.mergeBase(repoPath, targetSha, headSha);
  const isContained = baseSha === headSha;
  const known = {
    ...facts,
    targetSha,
    baseSha,
    isContained,
    canFastForward: baseSha === targetSha,
  };
  if (isContained) return known;
  const merged = { ...known, ...(await tryMerge(git, repoPath, known)) };
  if (options.approvals) merged.brought = await readBrought(git, repoPath, targetSha, headSha);
  if (!options.codeOwners) return merged;
  const from = baseSha ?? targetSha;
  const changedPaths = await git.changedPaths(repoPath, { from, to: headSha });
  return { ...merged, codeOwners: await readCodeOwners(git, repoPath, targetSha, changedPaths) };
}
