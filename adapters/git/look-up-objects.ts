import type { RunOptions } from './git-process.ts';

/** What an object is. */
export interface ObjectInfo {
  sha: string;
  /** `commit`, `tree`, `blob` or `tag` */
  type: string;
  bytes: number;
}

/** Runs git in a repository and answers its output; throws when it fails. */
type ReadGit = (args: string[], options: Pick<RunOptions, 'input'>) => Promise<Buffer>;

/**
 * Looks objects up by whatever git takes for one (an id, `main^{commit}`, `<commit>:<path>`), all with one process.
 * @param names none with a line end
 * @returns one for each name, in their order; null where there is no such object
 */
export async function lookUpObjects(
  read: ReadGit,
  names: readonly string[],
): Promise<(ObjectInfo | null)[]> {
  if (names.length === 0) return [];
  const out = await read(['cat-file', '--batch-check=%(objectname) %(objecttype) %(objectsize)'], {
    input: names.map((name) => `${name}\n`).join(''),
  });
  const lines = out.toString('utf8').split('\n').slice(0, -1);
  // A line too many or too few would give each name the object of another.
  if (lines.length !== names.length) throw new Error('git cat-file answered something else');
  return lines.map((line) => {
    const [, sha, type, size] = /^([0-9a-f]{40}) (\w+) (\d+)$/u.exec(line) ?? [];
    return sha === undefined || type === undefined ? null : { sha, type, bytes: Number(size) };
  });
}
