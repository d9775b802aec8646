import { isUtf8 } from 'node:buffer';
import { posix } from 'node:path';
import type { ManifestFolder, UnreadEntry } from '../../contracts/deploy/render.ts';
import type { GitStore, GitTreeEntry } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';
import { isYamlFile } from './render/manifest-names.ts';

const maxFiles = 500;
const maxYamlBytes = 1024 * 1024;
const maxBytes = 8 * 1024 * 1024;
const maxDepth = 8;
/** Folders too: a crafted tree holds millions of empty ones. */
const maxEntries = 5000;
const pageSize = 500;
const lfsPointer = 'version https://git-lfs.github.com/spec/';

/** What manifests are read from. */
export type ManifestRepository = Pick<GitStore, 'statPath' | 'listTree' | 'readBlob'>;

/** A folder of a commit, and where it lies. */
interface Place {
  store: ManifestRepository;
  repoPath: string;
  sha: string;
  /** without slashes around it; empty for the root */
  root: string;
}

/**
 * Everything beneath a folder of a commit, from git's objects. Links and submodules are not followed; what was not read is
 * told with its reason, so that whoever renders can refuse instead of taking its objects for removed ones.
 * @throws DomainError `validation_failed` when the folder is not there, or holds more than can be manifests;
 * `unavailable` when git does not give what it lists
 */
export async function readManifestFiles(
  store: ManifestRepository,
  repoPath: string,
  sha: string,
  folder: string,
): Promise<ManifestFolder> {
  const root = folder.replace(/^\/+|\/+$/g, '');
  const place: Place = { store, repoPath, sha, root };
  if (root !== '') await requireFolder(store, repoPath, sha, root);
  const files = new Map<string, string>();
  const binaries = new Map<string, Uint8Array>();
  const unread: UnreadEntry[] = [];
  let bytes = 0;
  let entries = 0;
  for await (const entry of walk(place, root, 0)) {
    entries += 1;
    bytes += entry.size ?? 0;
    if (files.size >= maxFiles || bytes > maxBytes || entries > maxEntries) {
      throw new DomainError(
        'validation_failed',
        `${root || '/'} holds more than ${String(maxFiles)} files or 8 MiB: name the folder of the manifests.`,
      );
    }
    const path = root === '' ? entry.path : entry.path.slice(root.length + 1);
    const read = await readEntry(place, entry);
    if (read === null) continue;
    if (typeof read === 'string') files.set(path, read);
    else if (read instanceof Uint8Array) binaries.set(path, read);
    else unread.push({ path, ...read });
  }
  return { files, binaries, unread };
}

/** Whether a file says by its name that it matters to plain manifests; or that they are none, but kustomize's. */
function isOfManifests(path: string): boolean {
  return isYamlFile(path) || posix.basename(path) === 'Kustomization';
}

type Unread = Omit<UnreadEntry, 'path'>;

/** Text, bytes, or why neither; null for a folder, whose own entries come next. */
async function readEntry(
  place: Place,
  entry: GitTreeEntry & { isTooDeep?: boolean },
): Promise<string | Uint8Array | Unread | null> {
  const { kind, path, size } = entry;
  const isYaml = isOfManifests(path);
  if (kind === 'directory') {
    const why = `lies deeper than ${String(maxDepth)} folders: put it further up`;
    return entry.isTooDeep === true ? { why, mayHoldManifests: true } : null;
  }
  if (kind === 'submodule') {
    const why = 'is a submodule, whose files are not in this repository: put them here';
    return { why, mayHoldManifests: true };
  }
  if (kind === 'symlink') return await readLink(place, entry);
  if (path.includes('\uFFFD')) {
    return { why: 'has a name that is not UTF-8: rename it', mayHoldManifests: isYaml };
  }
  if (isYaml && (size ?? 0) > maxYamlBytes) {
    return { why: 'is larger than 1 MiB: split it', mayHoldManifests: true };
  }
  const blob = await readBlob(place, entry);
  if (blob.subarray(0, lfsPointer.length).toString() === lfsPointer) {
    const why = 'is a pointer of Git LFS, whose content is not in git: commit the file itself';
    return { why, mayHoldManifests: isYaml };
  }
  if (isUtf8(blob) && !blob.includes(0)) return blob.toString('utf8');
  return isYaml ? { why: 'is not a text in UTF-8: save it as one', mayHoldManifests: true } : blob;
}

async function readBlob({ store, repoPath }: Place, entry: GitTreeEntry): Promise<Buffer> {
  try {
    return Buffer.from(await store.readBlob(repoPath, entry.sha, maxBytes));
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'not_found') throw error;
    throw new DomainError('unavailable', `git lists ${entry.path} and does not give it.`);
  }
}

/** A link to nothing in the repository is no loss: there was never anything to read. */
async function readLink(place: Place, entry: GitTreeEntry): Promise<Unread> {
  const target = (await readBlob(place, entry)).toString('utf8');
  const path = posix.normalize(posix.join(posix.dirname(entry.path), target));
  const isInside = !posix.isAbsolute(target) && path !== '..' && !path.startsWith('../');
  const kind = isInside ? await kindOf(place, path === '.' ? '' : path) : null;
  return {
    why: 'is a symbolic link, which is not followed: put what it leads to in its place',
    mayHoldManifests:
      isOfManifests(entry.path) ||
      (kind === null ? posix.extname(entry.path) === '' && isInside : kind !== 'file'),
  };
}

async function kindOf(
  { store, repoPath, sha }: Place,
  path: string,
): Promise<GitTreeEntry['kind'] | null> {
  try {
    return (await store.statPath(repoPath, sha, path.replace(/\/+$/, ''))).kind;
  } catch (error) {
    if (error instanceof DomainError && error.code === 'not_found') return null;
    throw error;
  }
}

async function requireFolder(
  store: ManifestRepository,
  repoPath: string,
  sha: string,
  root: string,
): Promise<void> {
  const entry = await store.statPath(repoPath, sha, root).catch((error: unknown) => {
    if (error instanceof DomainError && error.code === 'not_found') return null;
    throw error;
  });
  if (entry?.kind === 'directory') return;
  throw new DomainError(
    'validation_failed',
    `There is no folder ${root} at ${sha.slice(0, 8)}: expected manifests in it.`,
  );
}

/** Everything beneath a folder, each folder before what is in it. */
async function* walk(
  place: Place,
  path: string,
  depth: number,
): AsyncGenerator<GitTreeEntry & { isTooDeep?: boolean }> {
  const { store, repoPath, sha } = place;
  for (let skip = 0; ; skip += pageSize) {
    const { entries, more } = await store.listTree(repoPath, { sha, path, skip, limit: pageSize });
    for (const entry of entries) {
      const isTooDeep = entry.kind === 'directory' && depth >= maxDepth;
      yield { ...entry, isTooDeep };
      if (entry.kind === 'directory' && !isTooDeep) yield* walk(place, entry.path, depth + 1);
    }
    if (!more) return;
  }
}
