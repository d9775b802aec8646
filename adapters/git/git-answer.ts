import type { ByteStream, Cancellation } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';
import { startGit, type GitChild } from './git-process.ts';
import { isOutOfMemory } from './memory-limit.ts';
import { claimsOf, openRepository, type GitContext } from './repository-context.ts';

function failureOf(code: number | null, said: string): Error {
  return isOutOfMemory(said)
    ? new DomainError('body_too_large', 'This is too large: git needs too much memory for it.')
    : new Error(`git ended with ${String(code)}: ${said}`);
}

/** What a child writes, for one reader at the reader's pace; a child that fails breaks the stream, even after output. */
async function* childOutput(child: GitChild): AsyncGenerator<Uint8Array> {
  let ended = false;
  try {
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
      yield chunk as Buffer;
    }
    ended = true;
    const code = await child.exited;
    // Half a file must not be taken for a whole one.
    if (code !== 0) throw failureOf(code, child.stderrTail());
  } finally {
    if (!ended) {
      child.kill();
      child.stdout.resume();
    }
  }
}

/** Streams what a child writes, with a place that is held until it is read to its end or left. */
export async function* streamChild(
  enter: () => Promise<() => void>,
  start: () => Promise<GitChild>,
): AsyncGenerator<Uint8Array> {
  const release = await enter();
  try {
    const child = await start();
    child.stdin.end();
    yield* childOutput(child);
  } finally {
    release();
  }
}

/** Streams what a reading git command writes. */
export async function* streamGit(
  context: GitContext,
  repoPath: string,
  args: string[],
  { signal, whose }: { signal: Cancellation; whose?: string | undefined },
): ByteStream & AsyncGenerator<Uint8Array> {
  const cwd = await openRepository(context, repoPath);
  const taker = { ...context.reader, ...(whose === undefined ? {} : { whose }) };
  yield* streamChild(
    () => context.places.downloads.enter(signal, claimsOf(taker)),
    () =>
      startGit(context.setting, ['--git-dir=.', ...args], {
        cwd,
        signal,
        memory: 'reads',
      }),
  );
}
