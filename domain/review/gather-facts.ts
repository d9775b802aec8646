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
  /** of these paths: they are too large to be merged */
  tooLarge: boolean;
  /**
   * Paths in which what would land is not what is shown: with several merge bases git merges over all of them, and the
   * diff starts at one.
   */
  unshown: string[];
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
  | 'mergeBases'
  | 'mergeCommits'
  | 'treeOf'
  | 'changedPaths'
  | 'commitsBetween'
  | 'statPaths'
  | 'readBlob'
>;

const maxBrought = 1000;

type Merged = Pick<MergeFacts, 'tree' | 'conflicts' | 'tooLarge' | 'unshown'>;

async function tryMerge(
  git: FactsGit,
  repoPath: string,
  { targetSha, headSha, baseSha, canFastForward }: MergeFacts & { targetSha: string },
  bases: number,
): Promise<Merged> {
  const none = { tree: null, conflicts: [], tooLarge: false, unshown: [] };
  if (canFastForward) return { ...none, tree: await git.treeOf(repoPath, headSha) };
  const sides = { ours: targetSha, theirs: headSha };
  const merged = await git.mergeCommits(repoPath, sides);
  if ('conflicts' in merged) {
    return { ...none, conflicts: merged.conflicts, tooLarge: merged.tooLarge === true };
  }
  if (bases < 2) return { ...none, tree: merged.tree };
  const shown = await git.mergeCommits(repoPath, { ...sides, base: baseSha });
  const unshown = async ({ tree: to }: { tree: string }): Promise<string[]> =>
    'conflicts' in shown
      ? shown.conflicts
      : await git.changedPaths(repoPath, { from: shown.tree, to });
  return { ...none, tree: merged.tree, unshown: await unshown(merged) };
}

/** Paths that somebody may own: those that are shown, and those that land, which differ where a side renamed something. */
async function touchedPaths(
  git: FactsGit,
  repoPath: string,
  { targetSha, baseSha, headSha, tree, canFastForward }: MergeFacts & { targetSha: string },
): Promise<string[]> {
  const shown = await git.changedPaths(repoPath, { from: baseSha ?? targetSha, to: headSha });
  if (tree === null || canFastForward) return shown;
  const landing = await git.changedPaths(repoPath, { from: targetSha, to: tree });
  return [...new Set([...shown, ...landing])];
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
    tooLarge: false,
    unshown: [],
    tree: null,
    codeOwners: null,
    brought: [],
  };
  if (targetSha === null) return facts;
  const bases = await git.mergeBases(repoPath, targetSha, headSha);
  const [baseSha = null] = bases;
  const isContained = baseSha === headSha;
  const known = {
    ...facts,
    targetSha,
    baseSha,
    isContained,
    canFastForward: baseSha === targetSha,
  };
  if (isContained) return known;
  const merged = { ...known, ...(await tryMerge(git, repoPath, known, bases.length)) };
  if (options.approvals) merged.brought = await readBrought(git, repoPath, targetSha, headSha);
  if (!options.codeOwners) return merged;
  const touched = await touchedPaths(git, repoPath, merged);
  return { ...merged, codeOwners: await readCodeOwners(git, repoPath, targetSha, touched) };
}
