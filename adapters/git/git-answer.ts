import type { ByteStream, Cancellation } from '../../contracts/git/store.ts';
import { startGit, type GitChild } from './git-process.ts';
import { openRepository, type GitContext } from './repository-context.ts';

export interface ChildOutputOptions {
  /** what to do when the reader stops early; by default the child is ended */
  abandon?: () => void;
  /** an exit code other than 0 breaks the stream even after output, so that half a file is not taken for a whole one */
  strict: boolean;
}

/** What a child writes, for one reader at the reader's pace. */
export async function* childOutput(
  child: GitChild,
  options: ChildOutputOptions,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  let ended = false;
  try {
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
      bytes += (chunk as Buffer).length;
      yield chunk as Buffer;
    }
    ended = true;
    const code = await child.exited;
    if (code !== 0 && (options.strict || bytes === 0)) {
      throw new Error(`git ended with ${String(code)}: ${child.stderrTail()}`);
    }
  } finally {
    if (!ended) {
      (options.abandon ?? child.kill)();
      child.stdout.resume();
    }
  }
}

/** Streams what a reading git command writes. */
export async function* streamGit(
  context: GitContext,
  repoPath: string,
  args: string[],
  signal: Cancellation,
): ByteStream & AsyncGenerator<Uint8Array> {
  const cwd = await openRepository(context, repoPath);
  const release = await context.reads.enter(signal);
  try {
    const child = await startGit(context.setting, ['--git-dir=.', ...args], { cwd, signal });
    child.stdin.end();
    yield* childOutput(child, { strict: true });
  } finally {
    release();
  }
}
