import type { RefUpdate } from '../event/types.ts';
import type { GitCommit } from './commit.ts';

/** Author or committer of a commit that is made. */
export interface CommitPerson {
  name: string;
  email: string;
  /** ISO 8601; now when left out */
  at?: string;
}

export interface NewCommit {
  tree: string;
  parents: readonly string[];
  /** text, or the message of another commit, byte for byte */
  message: string | { of: string };
  author: CommitPerson;
  committer: CommitPerson;
}

/** Paths that keep a merge from being made. */
export interface MergeHindrance {
  conflicts: string[];
  /** they do not conflict: they are too large to be merged */
  tooLarge?: boolean;
}

/** The tree of a merge, or the paths that keep it from being one. */
export type MergedTree = { tree: string } | MergeHindrance;

/** A line of the last paragraph of a message: `Signed-off-by: Ann <ann@example.com>`. */
export interface Trailer {
  key: string;
  value: string;
}

/** Who had a part in commits. */
export interface Credits {
  /** one for each commit */
  authors: CommitPerson[];
  /** `Signed-off-by` and `Co-authored-by` of all of them, in order */
  trailers: Trailer[];
}

export interface FileLine {
  path: string;
  /** from 1 */
  line: number;
}

/** Merging without a work tree: objects are made first and seen by nobody; then refs move, all or none. */
export interface GitMerging {
  /**
   * Merges the trees of two commits. Their common base is what their histories say, or `base`: with a commit's parent
   * as base and the commit as `theirs` it is carried over (cherry-pick), the other way round it is taken back (revert).
   */
  mergeCommits(
    repoPath: string,
    options: { ours: string; theirs: string; base?: string | null },
  ): Promise<MergedTree>;
  /** id of the tree of a commit */
  treeOf(repoPath: string, commit: string): Promise<string>;
  /** Makes a commit that no ref names yet. @returns its id */
  commitTree(repoPath: string, commit: NewCommit): Promise<string>;
  /**
   * Moves refs in one transaction, each from `oldSha` (zeros: it is not there) to `newSha` (zeros: it goes).
   * @returns false when one of them was not where it should be; then none has moved
   */
  moveRefs(repoPath: string, updates: readonly RefUpdate[]): Promise<boolean>;
  /** Keeps a commit from being collected, under a name below `refs/slipway/`. */
  keepCommit(repoPath: string, name: string, sha: string): Promise<void>;
  /**
   * Sets refs in one of the server's own namespaces, wherever they were. Those of commits that are not there are left out.
   */
  setReservedRefs(repoPath: string, refs: readonly { ref: string; sha: string }[]): Promise<void>;
  /** Commits that `to` has and `from` has not, oldest first, at most `limit`. */
  commitsBetween(
    repoPath: string,
    options: { from: string; to: string; limit: number },
  ): Promise<GitCommit[]>;
  /** Who had a part in the commits that `to` has and `from` has not, oldest first. */
  creditsBetween(repoPath: string, options: { from: string; to: string }): Promise<Credits>;
  /** Trailers of a message, as git reads them. */
  readTrailers(repoPath: string, message: string): Promise<Trailer[]>;
  /** The message with trailers added to its block, which is made where there is none. */
  addTrailers(repoPath: string, message: string, trailers: readonly Trailer[]): Promise<string>;
  /** How many commits `to` has and `from` has not. */
  countBetween(repoPath: string, options: { from: string; to: string }): Promise<number>;
  /** Paths that differ, the old and the new one of a renamed file. */
  changedPaths(repoPath: string, options: { from: string; to: string }): Promise<string[]>;
  /** Where lines of `from` are in `to`, through changes around them and renames; null for one that is gone. */
  mapLines(
    repoPath: string,
    options: { from: string; to: string; lines: readonly FileLine[] },
  ): Promise<(FileLine | null)[]>;
}
