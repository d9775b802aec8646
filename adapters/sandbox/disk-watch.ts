import { statfs } from 'node:fs/promises';
import { runTool } from './run-tool.ts';

const walkEveryMs = 5000;
/** A file with nothing in it takes no block, yet one of the inodes that all share, of which there is one for some blocks. */
const leastBytes = 4096;

/** Where the machine has too little left, whoever holds less than this is not why. */
const muchBytes = 64 * 1024 ** 2;

/**
 * Tells when the directories, of one file system, hold more than `limitBytes` together. Walking a big tree is dear, so it is walked only when
 * the file system as a whole grew enough to matter, or now and then (others may free what the step takes).
 * @param leastFree where less than this is left for everybody, they hold too much sooner: the database lives there, too
 */
export function watchDisk(
  dirs: string | readonly string[],
  limitBytes: number,
  leastFree = 0,
): () => Promise<boolean> {
  const all = typeof dirs === 'string' ? [dirs] : dirs;
  const dir = all[0] ?? '/';
  const atStart = spaceOf(dir);
  let used: number | null = null;
  let held = 0;
  let nextWalk = Date.now() + walkEveryMs;
  let nextLow = 0;
  return async () => {
    used ??= (await atStart).used;
    const now = await spaceOf(dir);
    const isLow = now.free < leastFree;
    const mayHold = isLow ? Math.min(limitBytes, muchBytes) : limitBytes;
    const isDue = Date.now() >= (isLow ? nextLow : nextWalk);
    if (now.used - used < (mayHold - held) / 4 && !isDue) return false;
    const started = Date.now();
    held = 0;
    for (const one of all) held += await sizeOf(one);
    used = now.used;
    nextLow = Date.now() + walkEveryMs;
    // At most a tenth of one core goes into walking.
    nextWalk = Date.now() + Math.max(walkEveryMs, (Date.now() - started) * 10);
    return held > mayHold;
  };
}

/** Of the whole file system, where each file counts as a block at least. */
async function spaceOf(path: string): Promise<{ used: number; free: number }> {
  const info = await statfs(path).catch(() => null);
  if (info === null) return { used: 0, free: Number.POSITIVE_INFINITY };
  const { blocks, bfree, bavail, bsize, files, ffree } = info;
  const used = Math.max((blocks - bfree) * bsize, (files - ffree) * leastBytes);
  return { used, free: bavail * bsize };
}

/**
 * What a tree takes on the disk, bytes, each file in it at least a block; other file systems in it are left out.
 */
export async function sizeOf(dir: string): Promise<number> {
  const [bytes, files] = await Promise.all([count(dir, '-B1'), count(dir, '--inodes')]);
  return Math.max(bytes, files * leastBytes);
}

async function count(dir: string, unit: string): Promise<number> {
  // du complains of files that vanish while it walks; what it counted still stands.
  const result = await runTool('du', ['-sx', unit, '.'], { cwd: dir }).catch(() => null);
  return Number.parseInt(result?.stdout ?? '', 10) || 0;
}
