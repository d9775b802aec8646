import { DomainError } from '../../contracts/problems.ts';
import type { GitStore } from '../../contracts/git/store.ts';
import type { MergeRequest, Project } from '../../prisma/generated/client.ts';
import { repoPathOf } from '../git/read-repository.ts';
import { codeOwnersPaths, ownerRulesOf, parseCodeOwners, type OwnerRule } from './code-owners.ts';
import { branchRef } from './merge-request-record.ts';

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
  /** lines of the target's file of owners that speak for what is changed; empty without one, null when that takes too long to tell */
  codeOwners: OwnerRule[] | null;
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
  | 'statPath'
  | 'readBlob'
>;

const maxOwnersBytes = 1024 * 1024;
const maxBrought = 1000;

function orNull(error: unknown): null {
  if (error instanceof DomainError && error.code === 'not_found') return null;
  throw error;
}

async function readCodeOwners(
  git: FactsGit,
  repoPath: string,
  targetSha: string,
): Promise<OwnerRule[] | null> {
  for (const path of codeOwnersPaths) {
    const entry = await git.statPath(repoPath, targetSha, path).catch(orNull);
    if (entry?.kind !== 'file') continue;
    if ((entry.size ?? 0) > maxOwnersBytes) return null;
    const bytes = await git.readBlob(repoPath, entry.sha, maxOwnersBytes);
    return parseCodeOwners(new TextDecoder('utf-8').decode(bytes));
  }
  return [];
}

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
    codeOwners: [],
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
  const codeOwners = await readCodeOwners(git, repoPath, targetSha);
  const from = baseSha ?? targetSha;
  const changedPaths = await git.changedPaths(repoPath, { from, to: headSha });
  const owned = codeOwners === null ? null : await ownerRulesOf(codeOwners, changedPaths);
  return { ...merged, codeOwners: owned === null ? null : [...owned.keys()] };
}
