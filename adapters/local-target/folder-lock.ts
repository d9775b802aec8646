import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError } from '../../contracts/problems.ts';

/** What `flock` ends with where somebody else has the lock; errors of its own are above 60. */
const taken = 1;

/**
 * Makes this process the only one that works on `root`. The kernel lets go of it when the process ends, however it ends.
 * The lock is on a file in the folder, so that only who may enter it can hold it. `conflict` when another one does.
 */
export async function lockFolder(root: string): Promise<{ release(): Promise<void> }> {
  const file = await open(join(root, 'lock'), 'a', 0o600);
  try {
    // A lock belongs to the opened file, which the program shares with us: it stays when the program is done.
    const stdio = ['ignore', 'ignore', 'ignore', file.fd] as const;
    const flock = spawn('flock', ['-x', '-n', '3'], { stdio: [...stdio] });
    const [code] = (await once(flock, 'exit')) as [number | null];
    if (code === 0) return { release: () => file.close() };
    throw code === taken
      ? new DomainError('conflict', 'Another Slipway process runs the applications of this folder.')
      : new Error(`${root} cannot be locked: flock ended with ${String(code)}`);
  } catch (error) {
    await file.close();
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new DomainError('unavailable', 'The program `flock` (util-linux) is missing.');
  }
}
