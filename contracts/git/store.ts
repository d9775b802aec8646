import type { RefUpdate } from '../event/types.ts';
import type { GitCommit } from './commit.ts';
import type { GitMerging } from './merge.ts';

export type { GitCommit };

/** Bytes as they come; adapters hand out Node streams, which are that. */
export type ByteStream = AsyncIterable<Uint8Array>;

/** The part of AbortSignal that is used here, so that this room needs no platform types. */
export interface Cancellation {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface GitRefEntry {
  /** full name: `refs/heads/main` */
  ref: string;
  sha: string;
}

export interface GitBranch {
  name: string;
  sha: string;
  subject: string;
  committedAt: string;
}

export interface GitTag {
  name: string;
  /** commit the tag points at, through the tag object if there is one */
  sha: string;
  annotated: boolean;
  subject: string;
  taggedAt: string;
}

export const treeEntryKinds = ['file', 'directory', 'symlink', 'submodule'] as const;
export type TreeEntryKind = (typeof treeEntryKinds)[number];

export interface GitTreeEntry {
  name: string;
  path: string;
  kind: TreeEntryKind;
  /** octal, as git writes it: `100644` */
  mode: string;
  sha: string;
  /** bytes; null for directories and submodules */
  size: number | null;
}

export interface GitFileChange {
  path: string;
  /** where a renamed file was */
  oldPath: string | null;
  /** null for binary files */
  additions: number | null;
  deletions: number | null;
  /** its texts were not compared: they are too large for it, or the change as a whole is */
  tooLarge?: boolean;
}

export interface GitDiff {
  files: GitFileChange[];
  /** unified patch, cut at a line end when `truncated` */
  patch: string;
  truncated: boolean;
}

/** How a body came: as it is, or zipped. */
export type BodyEncoding = 'identity' | 'gzip';

/** Who is answered. Of the places of git one caller has a part, and all who did not sign in leave some to others. */
export interface AnswerTaker {
  /** a user, or the network of somebody who did not sign in; without it nobody's share is counted */
  whose?: string;
  /** did not sign in */
  isGuest?: boolean;
}

/** For whom a store reads; see {@link GitStore.forReader}. */
export interface GitReader extends AnswerTaker {
  whose: string;
  /**
   * Ends what is read and takes out what waits: for a request that only reads. Without one it is a change, which takes
   * places of another kind and is not ended half way.
   */
  signal?: Cancellation;
}

export interface AdvertiseOptions extends AnswerTaker {
  service: GitService;
  /** value of the client's Git-Protocol header */
  gitProtocol: string | undefined;
  signal: Cancellation;
}

export interface UploadPackOptions extends AnswerTaker {
  input: ByteStream;
  /** of `input`; as it is unless told */
  encoding?: BodyEncoding;
  /** value of the client's Git-Protocol header */
  gitProtocol: string | undefined;
  signal: Cancellation;
}

/** A push whose objects lie in quarantine and whose refs have not moved. Exactly one of the answers must be given. */
export interface PushProposal {
  /** moves of refs that can be pushed */
  updates: RefUpdate[];
  /** refs of the server's that it names as well: git refuses each by itself. The first of them, and how many they are */
  reserved: { refs: string[]; count: number };
  /** all of its refs shall move or none, which git holds only for refs that it does not refuse by itself */
  isAtomic: boolean;
  /** what the pusher gave with `-o`, as it came */
  options: readonly string[];
  /** true when `ancestor` is reachable from `descendant`, reading the quarantined objects too */
  isAncestor(ancestor: string, descendant: string): Promise<boolean>;
  /**
   * Those of the moves that lead forward as far as the commits tell that are new: one look at all of them. Of the others
   * `isAncestor` knows.
   */
  forwardMoves(moves: readonly RefUpdate[]): Promise<ReadonlySet<RefUpdate>>;
  /**
   * What lies at a path of these commits, in quarantine or not, each content once with the commits that have it; `text` is
   * null when it is over `maxBytes`. Commits without a blob there are left out. Few processes, however many commits.
   */
  readBlobs(
    commits: readonly string[],
    path: string,
    maxBytes: number,
  ): AsyncIterable<{ commits: string[]; text: string | null }>;
  /** Nothing moves; the lines are shown to the pusher. */
  refuse(lines: string[]): void;
  /** Lets git move the refs. Settles with the ones that moved, or null when none did (lost a race, or git died). */
  accept(): Promise<AcceptedPush | null>;
}

export interface AcceptedPush {
  updates: RefUpdate[];
  /** Shows the lines to the pusher and lets git end. */
  finish: (lines: string[]) => void;
}

export interface ReceivePackOptions extends UploadPackOptions {
  /** largest pack in bytes */
  maxInputBytes: number;
  /** decides on the push; a rejection or an unanswered proposal refuses it */
  onPush: (push: PushProposal) => Promise<void>;
}

export type GitService = 'git-upload-pack' | 'git-receive-pack';

/** What a maintenance pass did. */
export interface CareReport {
  sweptQuarantines: number;
  /** what `git fsck` said, at most 100 lines; null when it was not asked */
  fsckProblems: string[] | null;
}

/** What a clone for the steps of a run holds. */
export interface GitClone {
  sha: string;
  /** what HEAD is on when it is a branch by its full name; else it is detached */
  ref: string;
  /** the newest commits; 0: all */
  depth: number;
  /** all tags, else those of the commits that it has */
  tags: boolean;
  /** address of the remote `origin` */
  origin: string;
}

/**
 * Bare repositories below one root. `repoPath` is always relative to it (`owner/name.git`); anything that would leave
 * the root is refused. Methods throw DomainError `not_found` for a repository, ref, path or object that is not there.
 */
export interface GitStore extends GitMerging {
  create(repoPath: string, defaultBranch: string): Promise<void>;
  /** Moves it out of sight at once and deletes it; absent is fine. */
  remove(repoPath: string): Promise<void>;
  exists(repoPath: string): Promise<boolean>;

  /**
   * The same repositories, read in somebody's name: with places of their share, and of the repository's. What is read by
   * the store itself is the platform's own work, with places that no reader takes.
   */
  forReader(reader: GitReader): GitStore;

  /** Refs and capabilities, in protocol v2 capabilities only, as `info/refs` answers them. */
  advertise(repoPath: string, options: AdvertiseOptions): ByteStream;
  uploadPack(repoPath: string, options: UploadPackOptions): Promise<ByteStream>;
  receivePack(repoPath: string, options: ReceivePackOptions): Promise<ByteStream>;

  listRefs(repoPath: string): Promise<GitRefEntry[]>;
  listBranches(repoPath: string): Promise<GitBranch[]>;
  listTags(repoPath: string): Promise<GitTag[]>;
  /** branch that HEAD names, whether or not it exists */
  readHead(repoPath: string): Promise<string>;
  setHead(repoPath: string, branch: string): Promise<void>;
  /** commit id of a branch, tag, full ref or (abbreviated) commit id; null when there is none */
  resolveCommit(repoPath: string, ref: string): Promise<string | null>;
  isAncestor(repoPath: string, ancestor: string, descendant: string): Promise<boolean>;
  mergeBase(repoPath: string, a: string, b: string): Promise<string | null>;
  /** all best common ancestors, that of `mergeBase` among them: several where branches were merged crosswise */
  mergeBases(repoPath: string, a: string, b: string): Promise<string[]>;
  /**
   * Commits that `sha` has and none of `without` has, newest first; of `without` what is not there counts for nothing.
   * Null when they are more than `limit`, or the commit itself is not there.
   */
  commitsWithout(
    repoPath: string,
    options: { sha: string; without: readonly string[]; limit: number },
  ): Promise<string[] | null>;

  readCommit(repoPath: string, sha: string): Promise<GitCommit>;
  /** newest first; `without`: leaves out what that commit has as well */
  log(
    repoPath: string,
    options: { sha: string; path: string; skip: number; limit: number; without?: string },
  ): Promise<GitCommit[]>;
  /** what lies at a path of a commit; the root is a directory */
  statPath(repoPath: string, sha: string, path: string): Promise<GitTreeEntry>;
  /** what lies at these paths of a commit, in any order; without those at which nothing does */
  statPaths(repoPath: string, sha: string, paths: readonly string[]): Promise<GitTreeEntry[]>;
  /** entries of a folder in git's order; `named`: only those whose name it accepts count */
  listTree(
    repoPath: string,
    options: {
      sha: string;
      path: string;
      skip: number;
      limit: number;
      named?: (name: string) => boolean;
    },
  ): Promise<{ entries: GitTreeEntry[]; more: boolean }>;
  /** a blob's bytes; throws `body_too_large` when it is over `maxBytes` */
  readBlob(repoPath: string, blobSha: string, maxBytes: number): Promise<Uint8Array>;
  /** `whose`: as for a fetch */
  streamBlob(repoPath: string, blobSha: string, signal: Cancellation, whose?: string): ByteStream;
  /** patch between two commits; `from` null = against nothing */
  diff(
    repoPath: string,
    options: { from: string | null; to: string; maxBytes: number },
  ): Promise<GitDiff>;
  archive(
    repoPath: string,
    options: {
      sha: string;
      format: 'tar' | 'tar.gz' | 'zip';
      prefix: string;
      signal: Cancellation;
      whose?: string;
    },
  ): ByteStream;

  /**
   * Makes a repository of its own at `<tree>/.git`, in a folder that is there and empty: commits, tags and HEAD, nothing
   * checked out and nothing that leads back here. Throws `not_found` when the commit is not there.
   */
  layClone(repoPath: string, tree: string, clone: GitClone): Promise<void>;

  /** quarantine directories older than an hour away; repacks when worth it; fsck when asked */
  care(repoPath: string, options: { fsck: boolean; signal: Cancellation }): Promise<CareReport>;
}
