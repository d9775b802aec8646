import { open } from 'node:fs/promises';
import path from 'node:path';

/** A list of packed refs longer than this is left to git, which does not read it whole. */
const maxPackedBytes = 256 * 1024;

const branchName = /^refs\/heads\/[^\s~^:?*[\\]+$/u;
const loose = /^([0-9a-f]{40})\n?$/u;

/** What a file holds; null when it is not there, is a folder, or holds more than `maxBytes`. */
async function readSmall(file: string, maxBytes: number): Promise<string | null> {
  try {
    const handle = await open(file, 'r');
    try {
      return (await handle.stat()).size > maxBytes ? null : await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return null;
    throw error;
  }
}

/**
 * The commit that a branch is at, as git's own files say it, without a process of git: it is asked for with most reads of
 * a merge request. A ref of its own file wins over the packed ones, and is looked at first: git writes the packed ones
 * before it removes the file.
 * @param ref a checked name, `refs/heads/…`
 * @returns null where these files do not say it: git is to be asked
 */
export async function readBranch(dir: string, ref: string): Promise<string | null> {
  if (!branchName.test(ref) || ref.includes('..')) return null;
  const own = await readSmall(path.join(dir, ref), 100);
  if (own !== null) return loose.exec(own)?.[1] ?? null;
  const packed = await readSmall(path.join(dir, 'packed-refs'), maxPackedBytes);
  if (packed === null) return null;
  const at = packed.indexOf(` ${ref}\n`);
  return at < 40 ? null : (/^[0-9a-f]{40}$/u.exec(packed.slice(at - 40, at))?.[0] ?? null);
}
