import { DomainError } from '../../contracts/problems.ts';
import {
  mustRunGit,
  runGit,
  type GitSetting,
  type RunOptions,
  type RunResult,
} from './git-process.ts';
import type { Limiter } from './limiter.ts';
import { repositoryDir, repositoryExists } from './repository-path.ts';

/** What the parts of the adapter share. */
export interface GitContext {
  root: string;
  setting: GitSetting;
  /** short reads: listings, blobs, diffs */
  reads: Limiter;
  /** answers at a client's pace, which may be slow: no reading waits behind them */
  downloads: Limiter;
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

/** Runs a reading git command in a repository, a few at a time, and throws when it fails. */
export async function readGit(
  context: GitContext,
  repoPath: string,
  args: string[],
  options: Partial<RunOptions> = {},
): Promise<Buffer> {
  const cwd = await openRepository(context, repoPath);
  const release = await context.reads.enter();
  try {
    return await mustRunGit(context.setting, ['--git-dir=.', ...args], { ...options, cwd });
  } finally {
    release();
  }
}

/** Like `readGit`, but the caller looks at the exit code. */
export async function tryGit(
  context: GitContext,
  repoPath: string,
  args: string[],
  options: Partial<RunOptions> = {},
): Promise<RunResult> {
  const cwd = await openRepository(context, repoPath);
  const release = await context.reads.enter();
  try {
    return await runGit(context.setting, ['--git-dir=.', ...args], { ...options, cwd });
  } finally {
    release();
  }
}
