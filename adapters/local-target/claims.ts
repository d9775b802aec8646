import { mkdir, readdir, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { measureClaims } from './claim-sizes.ts';
import type { LocalLog } from './machine.ts';
import type { StoredObject } from './state-store.ts';

/** Where the claims of a StatefulSet lie. */
export function claimsDir(root: string, deploymentId: string, name: string): string {
  return join(root, 'claims', deploymentId, name);
}

/** Brings the claims that an older Slipway left to how they are kept now. */
export async function takeOverClaims(
  root: string,
  objects: readonly StoredObject[],
  log: LocalLog,
): Promise<void> {
  await moveClaims(root, objects, log);
  await measureClaims(root);
}

/**
 * Gives claims that were kept by namespace to the deployment whose they are: that of the StatefulSet of their name, else the
 * only one that has anything in the namespace. What could be of several, or of one that is gone, stays and is given to
 * nobody.
 */
async function moveClaims(
  root: string,
  objects: readonly StoredObject[],
  log: LocalLog,
): Promise<void> {
  const all = await readdir(join(root, 'claims')).catch(() => []);
  for (const namespace of all.filter((name) => !name.startsWith('dep_'))) {
    const old = join(root, 'claims', namespace);
    const there = objects.filter(({ live }) => live.metadata.namespace === namespace);
    for (const name of await readdir(old)) {
      const deploymentId = heirOf(name, there);
      const moved =
        deploymentId !== null && (await move(root, join(old, name), deploymentId, name));
      if (!moved)
        log('warn', `nobody is known whose the claims in ${join(old, name)} are; they stay`);
    }
    await rmdir(old).catch(() => undefined); // others are left in it
  }
}

function heirOf(name: string, there: readonly StoredObject[]): string | null {
  const set = there.find(({ live }) => live.kind === 'StatefulSet' && live.metadata.name === name);
  if (set !== undefined) return set.deploymentId;
  const [only, ...more] = new Set(there.map(({ deploymentId }) => deploymentId));
  return only === undefined || more.length > 0 ? null : only;
}

/** @returns false where it has claims of that name already */
async function move(
  root: string,
  from: string,
  deploymentId: string,
  name: string,
): Promise<boolean> {
  const to = claimsDir(root, deploymentId, name);
  await mkdir(join(to, '..'), { recursive: true });
  return await rename(from, to).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return false;
      throw error;
    },
  );
}
