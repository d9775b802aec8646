import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * Name of this build host, kept in `$SLIPWAY_HOME/host-id`: runs come back to it after a restart, because their
 * workspaces lie here.
 */
export async function hostId(home: string): Promise<string> {
  const file = path.join(home, 'host-id');
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch {
    await mkdir(home, { recursive: true });
    const id = randomBytes(6).toString('hex');
    try {
      await writeFile(file, `${id}\n`, { flag: 'wx' });
      return id;
    } catch {
      // Another worker of this host was first.
      return (await readFile(file, 'utf8')).trim();
    }
  }
}
