import type { AnswerTaker, GitReader } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';
import {
  failedGit,
  runGit,
  type GitSetting,
  type RunOptions,
  type RunResult,
} from './git-process.ts';
import type { Claims, Limiter } from './limiter.ts';
import { repositoryDir, repositoryExists } from './repository-path.ts';

/** What the parts of the adapter share. */
export interface GitContext {
  root: string;
  setting: GitSetting;
  places: GitPlaces;
  /** in whose name it is read; without one it is the platform's own work */
  reader?: GitReader;
}

/** Places of git's children, by what they wait for: nothing that waits for a client holds one of the first three. */
export interface GitPlaces {
  /** short reads of requests: blobs, folders, diffs */
  reads: Limiter;
  /** short commands of requests that change something */
  changes: Limiter;
  /** short commands of the platform's own: pushes that are recorded, checkouts, automatic merges */
  work: Limiter;
  /** lists of refs for git clients, at their pace */
  listings: Limiter;
  /** files and archives, at a client's pace */
  downloads: Limiter;
}

/** What an answer is counted under. */
export function claimsOf({ whose, isGuest }: AnswerTaker): Claims {
  return {
    ...(whose === undefined ? {} : { caller: whose }),
    ...(isGuest === true ? { guests: 'all' } : {}),
  };
}

/** Takes a place for a command whose answer is read to its end at once. @returns the way to give it back */
export function takePlace({ places, reader }: GitContext, repoPath: string): Promise<() => void> {
  if (reader === undefined) return places.work.enter();
  const { reads, changes } = places;
  const kind = reader.signal === undefined ? changes : reads;
  return kind.enter(reader.signal, { ...claimsOf(reader), repository: repoPath });
}

const sha = /^[0-9a-f]{40}$/u;

/** Object ids come from git or from `resolveCommit`; this is the last check before one becomes an argument. */
export function requireSha(value: string): string {
  if (!sha.test(value)) throw new DomainError('validation_failed', 'Not an object id.');
  return value;
}

/** Directory of a repository that exists; throws `not_found`. */
export async function openRepository(context: GitContext, repoPath: string): Promise<string> {
  const dir = repositoryDir(context.root, repoPath);
  if (!(await repositoryExists(dir))) {
    throw new DomainError('not_found', 'There is no such repository.');
  }
  return dir;
}

/** Bytes of a path; git itself cares for 4096 of one name. Lists of longer ones are not worth the time to read them. */
export const longestPath = 64 * 1024;

/** What is told of a repository whose names are longer than that. */
export function nameTooLong(): DomainError {
  return new DomainError('body_too_large', 'A name in this repository is too long to be shown.');
}

/** Commands that answer names parted by NULs, and no texts of any length. */
const ofNames = new Set(['diff', 'ls-tree', 'merge-tree']);

function requireNames(args: readonly string[], bytes: Buffer): void {
  if (bytes.length <= longestPath || !args.includes('-z') || !ofNames.has(args[0] ?? '')) return;
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(0, at);
    if ((end === -1 ? bytes.length : end) - at > longestPath) throw nameTooLong();
    if (end === -1) return;
    at = end + 1;
  }
}

/** Runs a reading git command in a repository, a few at a time, and throws when it fails. */
export async function readGit(
  context: GitContext,
  repoPath: string,
  args: string[],
  options: Partial<RunOptions> = {},
): Promise<Buffer> {
  const result = await tryGit(context, repoPath, args, options);
  if (result.code !== 0) throw failedGit(args, result);
  return result.stdout;
}

/** Like `readGit`, but the caller looks at the exit code. Throws `unavailable` when its reader went away. */
export async function tryGit(
  context: GitContext,
  repoPath: string,
  args: string[],
  options: Partial<RunOptions> = {},
): Promise<RunResult> {
  const cwd = await openRepository(context, repoPath);
  const signal = context.reader?.signal;
  const release = await takePlace(context, repoPath);
  try {
    const all = { memory: 'reads' as const, ...options, cwd, signal: options.signal ?? signal };
    const result = await runGit(context.setting, ['--git-dir=.', ...args], all);
    if (result.code === null && signal?.aborted === true) {
      throw new DomainError('unavailable', 'The client went away.');
    }
    requireNames(args, result.stdout);
    return result;
  } finally {
    release();
  }
}
