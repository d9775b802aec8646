import { createHash } from 'node:crypto';
import path from 'node:path';
import { repositoryDir } from '../git/repository-path.ts';
import { BackupError } from './backup-error.ts';
import type { BackedUpFile, Manifest } from './manifest.ts';

export const keyFile = 'master-key';
const repositories = 'repositories';

/**
 * What of a repository is taken along: objects and references. `config`, `hooks`, `info` and `alternates` name programs and
 * other folders: a restored repository has those that every new one gets, whatever the backup holds.
 */
const ofRepository = [
  /^HEAD$/u,
  /^packed-refs$/u,
  /^refs(\/(?!\.)[^/\p{Cc}\\]+(?<!\.lock))+$/u,
  /^objects\/[0-9a-f]{2}\/[0-9a-f]{38}$/u,
  /^objects\/pack\/pack-[0-9a-f]{40}\.(pack|idx|rev|bitmap)$/u,
];

/** @param file its path within the repository */
export function isTakenAlong(file: string): boolean {
  return ofRepository.some((shape) => shape.test(file));
}

/** True for `owner/name.git` as the store of repositories finds it. */
export function isRepositoryName(name: string): boolean {
  try {
    repositoryDir('/', name);
    return true;
  } catch {
    return false;
  }
}

export const tablePath = (name: string): string => `database/${name}.ndjson.gz`;

export function objectPath(key: string): string {
  const name = createHash('sha256').update(key).digest('hex');
  return path.posix.join('objects', name.slice(0, 2), name);
}

export const repositoryFilePath = (name: string, file: string): string =>
  path.posix.join(repositories, name, file);

/** `repositories/ann/kept.git/refs/heads/main` → `ann/kept.git` and `refs/heads/main`; null for anything else. */
export function splitRepositoryFile(file: string): { name: string; within: string } | null {
  const [top, owner, name, ...rest] = file.split('/');
  if (top !== repositories || owner === undefined || name === undefined) return null;
  return { name: `${owner}/${name}`, within: rest.join('/') };
}

/** Whether a path leads to somewhere below the folder it is looked up in, and is written in one way only. */
function isNormal(file: string): boolean {
  const parts = file.split('/');
  return !/[\p{Cc}\\]/u.test(file) && parts.every((part) => !['', '.', '..'].includes(part));
}

/**
 * A backup is written by others when it lies where others write: each of its paths has to be one that
 * `slipway backup create` gives.
 * @throws BackupError naming the first path, table or repository that is not
 */
export function requireOwnPaths(manifest: Manifest, files: readonly BackedUpFile[]): void {
  const strange = manifest.repositories.find((name) => !isRepositoryName(name));
  if (strange !== undefined) refuse('repository', strange);
  for (const { name, path: file } of manifest.tables) {
    if (!/^\w+$/u.test(name) || file !== tablePath(name)) refuse('table', `${name} (${file})`);
  }
  const known = new Set(manifest.tables.map((table) => table.path));
  if (manifest.masterKey) known.add(keyFile);
  const names = new Set(manifest.repositories);
  for (const { path: file, key } of files) {
    if (isNormal(file) && isOwn(file, key, known, names)) continue;
    refuse('file', file);
  }
}

function isOwn(
  file: string,
  key: string | undefined,
  known: ReadonlySet<string>,
  names: ReadonlySet<string>,
): boolean {
  if (key !== undefined) return file === objectPath(key);
  if (known.has(file)) return true;
  const split = splitRepositoryFile(file);
  return split !== null && split.within !== '' && names.has(split.name);
}

function refuse(kind: string, name: string): never {
  throw new BackupError(
    `the backup names a ${kind} ${JSON.stringify(name)}, which no backup of Slipway has: it was changed, do not trust it`,
  );
}
