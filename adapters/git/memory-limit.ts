import { existsSync } from 'node:fs';

const mebibyte = 1024 * 1024;

/**
 * Bytes that a git may write in memory (RLIMIT_DATA): packs are mapped for reading and do not count. It ends by itself
 * beyond them.
 */
export const gitMemory = {
  /** packs, pushes and care: of large repositories they have lists of all objects */
  packs: 2048 * mebibyte,
  /** what is read, and merges */
  reads: 512 * mebibyte,
  /** comparing texts: some hundred bytes for each line */
  diffs: 256 * mebibyte,
} as const;

export type GitMemory = keyof typeof gitMemory;

const tool = ['/usr/bin/prlimit', '/bin/prlimit'].find((file) => existsSync(file));

/**
 * A command with a limit of its memory. `prlimit` becomes the command, so that there is no further process. Where the
 * system has none (it belongs to util-linux) the command runs without a limit.
 */
export function withMemory(
  command: string,
  args: readonly string[],
  bytes: number,
): { command: string; args: string[] } {
  if (tool === undefined) return { command, args: [...args] };
  return { command: tool, args: [`--data=${String(bytes)}`, '--core=0', '--', command, ...args] };
}

/** Whether git has said that its memory was not enough. */
export function isOutOfMemory(said: string): boolean {
  return /out of memory|cannot allocate memory|failed to execute internal merge|unable to generate diff/i.test(
    said,
  );
}
