import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sizeOf } from '../sandbox/disk-watch.ts';

/** Its presence says that the claims of before were measured. */
const markName = 'claims-measured';
const keptSuffix = '.kept';

/**
 * Measures, once, the claims that were written before they had a limit: an application that runs must not be stopped by an
 * upgrade for what it holds already, so it may hold twice of that.
 */
export async function measureClaims(root: string): Promise<void> {
  const all = join(root, 'claims');
  await mkdir(all, { recursive: true, mode: 0o711 });
  const isMeasured = (await readdir(root)).includes(markName);
  if (isMeasured) return;
  for (const namespace of await foldersIn(all)) {
    for (const owner of await foldersIn(join(all, namespace))) {
      for (const claim of await foldersIn(join(all, namespace, owner))) {
        const dir = join(all, namespace, owner, claim);
        await writeFile(dir + keptSuffix, String(2 * (await sizeOf(dir))), { mode: 0o600 });
      }
    }
  }
  await writeFile(join(root, markName), '', { mode: 0o600 });
}

/** How much a claim may hold that asks for `asked`, bytes. */
export async function claimLimit(dir: string, asked: number): Promise<number> {
  const kept = await readFile(dir + keptSuffix, 'utf8').catch(() => '0');
  return Math.max(asked, Number(kept) || 0);
}

async function foldersIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
