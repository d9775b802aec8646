import { isUtf8 } from 'node:buffer';
import { readRefProblem, treePathProblem } from '../../contracts/git/ref-name.ts';
import type { GitCommit, GitStore, GitTreeEntry } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Project } from '../../prisma/generated/client.ts';

type Reader = Pick<
  GitStore,
  | 'resolveCommit'
  | 'log'
  | 'listTree'
  | 'statPath'
  | 'readBlob'
  | 'readCommit'
  | 'diff'
  | 'mergeBase'
>;
export type RepositoryOf = Pick<Project, 'repoPath' | 'defaultBranch'>;

/** A file larger than this is not shown as text. */
const maxTextBytes = 1024 * 1024;
const maxPatchBytes = 1024 * 1024;

/** Path of the project's repository in the store. */
export function repoPathOf(project: RepositoryOf): string {
  if (project.repoPath === null) throw new DomainError('not_found', 'It has no repository.');
  return project.repoPath;
}

function invalid(pointer: string, detail: string): DomainError {
  return new DomainError('validation_failed', detail, { errors: [{ pointer, detail }] });
}

/** Throws `validation_failed` for a path that could be read as anything but a place in the tree. */
export function requireTreePath(path: string): string {
  const problem = treePathProblem(path);
  if (problem !== null) throw invalid('#/query/path', `The path ${problem}.`);
  return path;
}

/** A commit, and the name by which it was asked for. */
export interface ResolvedRef {
  ref: string;
  sha: string;
}

/**
 * The commit of a branch, tag or commit id.
 * @throws DomainError `validation_failed` for what cannot be a ref, `not_found` when there is none
 */
export async function resolveRef(
  git: Pick<GitStore, 'resolveCommit'>,
  project: RepositoryOf,
  ref: string,
): Promise<ResolvedRef> {
  const problem = readRefProblem(ref);
  if (problem !== null) throw invalid('#/query/ref', `The ref ${problem}.`);
  const sha = await git.resolveCommit(repoPathOf(project), ref);
  if (sha === null) throw new DomainError('not_found', 'There is no such branch, tag or commit.');
  return { ref, sha };
}

/** Like resolveRef, with the default branch for no ref; null when that has no commit yet: the repository is empty. */
export async function resolveRefOrDefault(
  git: Pick<GitStore, 'resolveCommit'>,
  project: RepositoryOf,
  ref: string | undefined,
): Promise<ResolvedRef | null> {
  if (ref !== undefined) return resolveRef(git, project, ref);
  const branch = project.defaultBranch;
  const sha = await git.resolveCommit(repoPathOf(project), `refs/heads/${branch}`);
  return sha === null ? null : { ref: branch, sha };
}

/** Like resolveRefOrDefault, but an empty repository is `not_found`. */
export async function requireRef(
  git: Pick<GitStore, 'resolveCommit'>,
  project: RepositoryOf,
  ref: string | undefined,
): Promise<ResolvedRef> {
  const resolved = await resolveRefOrDefault(git, project, ref);
  if (resolved === null) throw new DomainError('not_found', 'The repository is empty.');
  return resolved;
}

/** Paging of what does not change: the commit it was started on, and how many were seen. */
export interface OffsetCursor {
  sha: string;
  skip: number;
}

/** `null` for a text that is no cursor of ours. */
export function parseOffsetCursor(text: string): OffsetCursor | null {
  const [, sha, skip] = /^([0-9a-f]{40})-(\d{1,9})$/u.exec(text) ?? [];
  return sha === undefined || skip === undefined ? null : { sha, skip: Number(skip) };
}

function readCursor(text: string | undefined, sha: string): OffsetCursor {
  if (text === undefined) return { sha, skip: 0 };
  const cursor = parseOffsetCursor(text);
  if (cursor === null) throw invalid('#/query/cursor', 'This is no cursor of this list.');
  return cursor;
}

function nextOf(cursor: OffsetCursor, count: number, more: boolean): string | null {
  return more ? `${cursor.sha}-${String(cursor.skip + count)}` : null;
}

export interface PageOptions {
  ref: string | undefined;
  path: string;
  cursor: string | undefined;
  limit: number;
}

export interface TreePage {
  ref: string;
  /** null in an empty repository */
  sha: string | null;
  path: string;
  entries: GitTreeEntry[];
  next: string | null;
}

/** A page of a directory. */
export async function readTree(
  git: Reader,
  project: RepositoryOf,
  options: PageOptions,
): Promise<TreePage> {
  const path = requireTreePath(options.path);
  const at = await resolveRefOrDefault(git, project, options.ref);
  if (at === null) {
    return { ref: project.defaultBranch, sha: null, path, entries: [], next: null };
  }
  // A cursor carries its commit, so that pages fit together while the branch moves.
  const cursor = readCursor(options.cursor, at.sha);
  const sha = await pageCommit(git, project, at, cursor);
  const { entries, more } = await git.listTree(repoPathOf(project), {
    sha,
    path,
    skip: cursor.skip,
    limit: options.limit,
  });
  return { ref: at.ref, sha, path, entries, next: nextOf(cursor, entries.length, more) };
}

async function pageCommit(
  git: Reader,
  project: RepositoryOf,
  at: ResolvedRef,
  cursor: OffsetCursor,
): Promise<string> {
  return cursor.sha === at.sha ? at.sha : (await resolveRef(git, project, cursor.sha)).sha;
}

/** A page of the history of a ref, newest first; with a path, of the commits that touched it. */
export async function readHistory(
  git: Reader,
  project: RepositoryOf,
  options: PageOptions,
): Promise<{ commits: GitCommit[]; next: string | null }> {
  const path = requireTreePath(options.path);
  const at = await resolveRefOrDefault(git, project, options.ref);
  if (at === null) return { commits: [], next: null };
  const cursor = readCursor(options.cursor, at.sha);
  const sha = await pageCommit(git, project, at, cursor);
  const found = await git.log(repoPathOf(project), {
    sha,
    path,
    skip: cursor.skip,
    limit: options.limit + 1,
  });
  const commits = found.slice(0, options.limit);
  return { commits, next: nextOf(cursor, commits.length, found.length > options.limit) };
}

export interface FileView extends GitTreeEntry {
  ref: string;
  /** commit that it was read at */
  commit: string;
  binary: boolean;
  /** null for binary files, submodules and files over 1 MiB; a symlink's text is where it points */
  text: string | null;
  /** the text has U+FFFD in the place of bytes that are not UTF-8 */
  lossy: boolean;
  tooLarge: boolean;
}

function looksBinary(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 8000).includes(0);
}

/** What lies at a path, read from git objects only: a symlink is shown as its text and never followed. */
export async function readFile(
  git: Pick<GitStore, 'resolveCommit' | 'statPath' | 'readBlob'>,
  project: RepositoryOf,
  options: { ref: string | undefined; path: string },
): Promise<FileView> {
  const path = requireTreePath(options.path);
  const at = await requireRef(git, project, options.ref);
  const entry = await git.statPath(repoPathOf(project), at.sha, path);
  if (entry.kind === 'directory') {
    throw new DomainError('not_found', 'There is a directory at this path.');
  }
  const view = { ...entry, ref: at.ref, commit: at.sha, binary: false, text: null, lossy: false };
  if (entry.kind === 'submodule') return { ...view, tooLarge: false };
  if ((entry.size ?? 0) > maxTextBytes) return { ...view, tooLarge: true };
  const bytes = await git.readBlob(repoPathOf(project), entry.sha, maxTextBytes);
  const binary = looksBinary(bytes);
  // the byte order mark is a character of the file as any other
  const text = binary ? null : new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  return { ...view, binary, text, lossy: !binary && !isUtf8(bytes), tooLarge: false };
}

/** The entry of a file or symlink whose bytes shall be sent as they are. */
export async function findRawFile(
  git: Reader,
  project: RepositoryOf,
  options: { ref: string | undefined; path: string },
): Promise<GitTreeEntry> {
  const path = requireTreePath(options.path);
  const at = await requireRef(git, project, options.ref);
  const entry = await git.statPath(repoPathOf(project), at.sha, path);
  if (entry.kind === 'file' || entry.kind === 'symlink') return entry;
  throw new DomainError('not_found', 'There is no file at this path.');
}

/** A commit with its patch against its first parent, cut at 1 MiB. */
export async function readCommitWithDiff(git: Reader, project: RepositoryOf, ref: string) {
  const { sha } = await resolveRef(git, project, ref);
  const repoPath = repoPathOf(project);
  const commit = await git.readCommit(repoPath, sha);
  const from = commit.parents[0] ?? null;
  return { commit, diff: await git.diff(repoPath, { from, to: sha, maxBytes: maxPatchBytes }) };
}

/** What `to` has changed since it left `from`: the patch from their merge base, as a merge would bring it. */
export async function readDiff(
  git: Reader,
  project: RepositoryOf,
  options: { from: string; to: string },
) {
  const from = await resolveRef(git, project, options.from);
  const to = await resolveRef(git, project, options.to);
  const repoPath = repoPathOf(project);
  const base = await git.mergeBase(repoPath, from.sha, to.sha);
  const diff = await git.diff(repoPath, {
    from: base ?? from.sha,
    to: to.sha,
    maxBytes: maxPatchBytes,
  });
  return { from: from.sha, to: to.sha, base, diff };
}
