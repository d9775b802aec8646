import { lstat, readdir, readlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { DomainError } from '../../contracts/problems.ts';

const maxEntries = 200_000;
/** as many as the kernel follows for one path */
const maxHops = 40;
/** Names that the links of a tree may lead over, all together; one that has to be looked up counts as several. */
const maxSteps = 2_000_000;
const stepsOfLookup = 8;

interface Following {
  tree: string;
  steps: number;
  /** path → where it leads, null for what is no link */
  known: Map<string, string | null>;
}

/** Only files, folders, and links that stay inside, also by way of each other. `validation_failed` otherwise. */
export async function checkTree(tree: string, image: string): Promise<void> {
  const refuse = (path: string, why: string): never => {
    throw new DomainError('validation_failed', `${image} holds ${relative(tree, path)}: ${why}.`);
  };
  const following: Following = { tree, steps: 0, known: new Map() };
  const folders = [tree];
  let entries = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      entries += 1;
      if (entries > maxEntries) refuse(path, `more than ${maxEntries} entries`);
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isSymbolicLink()) {
        const inside = await staysInside(following, folder, await readlink(path));
        if (!inside) refuse(path, 'a link that leads out');
        if (following.steps > maxSteps) refuse(path, 'links that lead over too many names');
      } else if (!entry.isFile() || ((await lstat(path)).mode & 0o6000) !== 0) {
        refuse(path, 'neither a plain file nor a folder');
      }
    }
  }
}

/**
 * Follows a link name by name with the tree as its root, as the kernel would if there were nothing above. What is not
 * there counts as a folder: it may come.
 */
async function staysInside(following: Following, folder: string, target: string): Promise<boolean> {
  if (target.startsWith('/')) return false;
  const at = relative(following.tree, folder).split('/').filter(Boolean);
  const ahead = target.split('/').reverse();
  for (let hops = 0; following.steps <= maxSteps; following.steps += 1) {
    const name = ahead.pop();
    if (name === undefined) return true;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (at.pop() === undefined) return false;
      continue;
    }
    at.push(name);
    const link = await linkAt(following, at.join('/'));
    if (link === null) continue;
    if (link.startsWith('/')) return false;
    hops += 1;
    // The kernel follows no further either.
    if (hops > maxHops) return true;
    at.pop();
    for (const next of link.split('/').reverse()) ahead.push(next);
  }
  return true;
}

async function linkAt(following: Following, path: string): Promise<string | null> {
  const known = following.known.get(path);
  if (known !== undefined) return known;
  following.steps += stepsOfLookup;
  const link = await readlink(join(following.tree, path)).catch(() => null);
  following.known.set(path, link);
  return link;
}
