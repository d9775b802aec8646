import { rm } from 'node:fs/promises';

/**
 * Removes a folder with all in it. What was killed a moment ago may still write into it while it goes: then it is tried
 * again for some seconds.
 */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}
