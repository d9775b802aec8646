import { chmod, mkdir } from 'node:fs/promises';

/** Makes a folder with exactly this mode, whatever the umask: for the few that another user has to enter. */
export async function makeFolder(dir: string, mode: number): Promise<void> {
  await mkdir(dir, { recursive: true, mode });
  await chmod(dir, mode);
}
