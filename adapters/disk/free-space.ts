import { stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../../contracts/config.ts';

const MEBIBYTE = 1024 ** 2;

/** A folder that has to have room. */
export interface WatchedFolder {
  /** as people know it: this may be shown to anybody, a path may not */
  name: string;
  path: string;
}

/** What this process needs room for on this machine. */
export function foldersOf(config: Config): WatchedFolder[] {
  const { home, storage, objectStore } = config;
  const at = (name: string, folder: string): WatchedFolder => ({
    name,
    path: path.resolve(home, folder),
  });
  return [
    at('home', '.'),
    at('repositories', storage.projectsRoot),
    ...(objectStore.endpoint === null ? [at('object store', 'objects')] : []),
    at('workspaces', storage.runsRoot),
    at('temporary files', storage.tempRoot),
    at('applications', 'apps'),
    at('Postgres', 'postgres'),
  ];
}

/** How much room has to be left. */
export function freeSpaceLimits({ health }: Config): { freeMb: number; freeInodes: number } {
  return { freeMb: health.minFreeMb, freeInodes: health.minFreeInodes };
}

/**
 * The first folder with too little room, in one sentence; null when all have enough. A folder that is not there yet is
 * looked at where it will be made.
 */
export async function spaceProblem(
  folders: readonly WatchedFolder[],
  least: { freeMb: number; freeInodes: number },
): Promise<string | null> {
  for (const { name, path: folder } of folders) {
    const info = await statfs(await nearest(folder));
    const free = info.bavail * info.bsize;
    if (free < least.freeMb * MEBIBYTE) {
      return `${sizeText(free)} of disk left for ${name}, less than ${String(least.freeMb)} MiB (health.minFreeMb)`;
    }
    // File systems without a fixed number of inodes tell 0 of both.
    if (info.files > 0 && info.ffree < least.freeInodes) {
      return `${String(info.ffree)} inodes left for ${name}, less than ${String(least.freeInodes)} (health.minFreeInodes)`;
    }
  }
  return null;
}

async function nearest(folder: string): Promise<string> {
  for (let at = folder; ; at = path.dirname(at)) {
    const isThere = await stat(at).then(
      () => true,
      () => false,
    );
    if (isThere || at === path.dirname(at)) return at;
  }
}

function sizeText(bytes: number): string {
  return bytes < MEBIBYTE
    ? `${String(Math.floor(bytes / 1024))} KiB`
    : `${String(Math.floor(bytes / MEBIBYTE))} MiB`;
}
