import { constants } from 'node:fs';
import { lstat, mkdir, open, rename, type FileHandle } from 'node:fs/promises';
import { DomainError } from '../../contracts/problems.ts';

/**
 * A folder that is held open, for paths that come from outside. Each name of a path is looked up in the folder before it,
 * which is open already, and none is followed where it is a link: nothing leads out of the folder, also when what lies in
 * it changes meanwhile. A path that tries is `validation_failed`.
 */
export interface Folder {
  /** Makes a folder, with what is missing on the way; one that is there stays. */
  make(path: string, options?: EntryOptions): Promise<void>;
  /** Writes a file that is not there yet, with the folders that are missing on the way. */
  write(path: string, content: string | Uint8Array, options?: EntryOptions): Promise<void>;
  /** Moves a file of the same file system here. */
  take(file: string, path: string): Promise<void>;
  /** The first part of a path that is there and is no folder; null: there is none. */
  obstacle(path: string): Promise<{ path: string; isLink: boolean } | null>;
}

export interface EntryOptions {
  /** of what is made, whatever the umask; default 0755 for a folder, 0644 for a file */
  mode?: number;
  /** whom it belongs to; default: whoever this process runs as */
  owner?: { uid: number; gid: number } | null;
}

/** Opens a folder of ours, whose own path is followed as it is, for as long as `work` lasts. */
export async function inFolder<T>(path: string, work: (folder: Folder) => Promise<T>): Promise<T> {
  const base = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return await work(folderOf(base));
  } finally {
    await base.close();
  }
}

function folderOf(base: FileHandle): Folder {
  return {
    make: async (path, { mode = 0o755, owner = null } = {}) =>
      descend(base, partsOf(path), mode, async (folder) => {
        if (owner !== null) await folder.chown(owner.uid, owner.gid);
      }),
    write: (path, content, { mode = 0o644, owner = null } = {}) =>
      within(base, path, async (place) => {
        const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
        const file = await open(place, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
        try {
          await file.writeFile(content);
          await file.chmod(mode);
          if (owner !== null) await file.chown(owner.uid, owner.gid);
        } finally {
          await file.close();
        }
      }),
    take: (file, path) => within(base, path, (place) => rename(file, place)),
    obstacle: async (path) => findObstacle(base, partsOf(path)),
  };
}

/** What the kernel finds by this name in an open folder. */
function entry(folder: FileHandle, name: string): string {
  return `/proc/self/fd/${String(folder.fd)}/${name}`;
}

function openFolder(parent: FileHandle, name: string): Promise<FileHandle> {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  return open(entry(parent, name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

/** Uses the place of a path's last name; the folders before it are made. */
async function within(
  base: FileHandle,
  path: string,
  use: (place: string) => Promise<void>,
): Promise<void> {
  const parts = partsOf(path);
  const name = parts.pop() ?? '';
  await descend(base, parts, 0o755, (folder) => use(entry(folder, name)));
}

async function descend(
  base: FileHandle,
  parts: readonly string[],
  mode: number,
  use: (folder: FileHandle) => Promise<void>,
): Promise<void> {
  const opened: FileHandle[] = [];
  try {
    let folder = base;
    for (const name of parts) {
      const isThere = await mkdir(entry(folder, name), mode).then(() => false, isCode('EEXIST'));
      const next = await openFolder(folder, name).catch((error: unknown) => explain(error, parts));
      opened.push(next);
      if (!isThere) await next.chmod(mode);
      folder = next;
    }
    await use(folder);
  } finally {
    for (const folder of opened) await folder.close();
  }
}

async function findObstacle(
  base: FileHandle,
  parts: readonly string[],
): Promise<{ path: string; isLink: boolean } | null> {
  const opened: FileHandle[] = [];
  try {
    let folder = base;
    for (const [at, name] of parts.entries()) {
      const info = await lstat(entry(folder, name)).catch(isCode('ENOENT'));
      if (info === true) return null;
      const path = parts.slice(0, at + 1).join('/');
      if (!info.isDirectory()) return { path, isLink: info.isSymbolicLink() };
      folder = await openFolder(folder, name);
      opened.push(folder);
    }
    return null;
  } finally {
    for (const folder of opened) await folder.close();
  }
}

function partsOf(path: string): string[] {
  const parts = path.split('/');
  const isFine = (name: string): boolean =>
    !['', '.', '..'].includes(name) && !name.includes('\0') && Buffer.byteLength(name) <= 255;
  if (parts.every(isFine)) return parts;
  throw new DomainError(
    'validation_failed',
    `${JSON.stringify(path)} is no path within the folder that it is written to.`,
  );
}

function explain(error: unknown, parts: readonly string[]): never {
  if (!['ELOOP', 'ENOTDIR'].includes(codeOf(error))) throw error;
  throw new DomainError('validation_failed', `${parts.join('/')} leads over what is no folder.`);
}

/** Takes errors of this code for an answer, and throws others on. */
function isCode(code: string): (error: unknown) => true {
  return (error) => {
    if (codeOf(error) !== code) throw error;
    return true;
  };
}

function codeOf(error: unknown): string {
  const known = typeof error === 'object' && error !== null && 'code' in error;
  return known ? String(error.code) : '';
}
