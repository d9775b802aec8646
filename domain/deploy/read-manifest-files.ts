import type { GitStore, GitTreeEntry } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';

const maxFiles = 500;
const maxFileBytes = 1024 * 1024;
const maxBytes = 8 * 1024 * 1024;
const maxDepth = 8;
const pageSize = 500;

/** What manifests are read from. */
export type ManifestRepository = Pick<GitStore, 'statPath' | 'listTree' | 'readBlob'>;

/**
 * The text files beneath a folder of a commit, by their path relative to it. Symbolic links and submodules are left out:
 * a manifest is read from git's objects, never from a work tree.
 * @throws DomainError `validation_failed` when the folder is not there, or holds more than can be manifests
 */
export async function readManifestFiles(
  store: ManifestRepository,
  repoPath: string,
  sha: string,
  folder: string,
): Promise<Map<string, string>> {
  const root = folder.replace(/^\/+|\/+$/g, '');
  if (root !== '') await requireFolder(store, repoPath, sha, root);
  const files = new Map<string, string>();
  let bytes = 0;
  for await (const entry of walk(store, repoPath, sha, root, 0)) {
    bytes += entry.size ?? 0;
    if (files.size >= maxFiles || bytes > maxBytes) {
      throw new DomainError(
        'validation_failed',
        `${root || '/'} holds more than ${String(maxFiles)} files or 8 MiB: name the folder of the manifests.`,
      );
    }
    if ((entry.size ?? 0) > maxFileBytes) continue;
    const blob = Buffer.from(await store.readBlob(repoPath, entry.sha, maxFileBytes));
    if (blob.includes(0)) continue;
    files.set(root === '' ? entry.path : entry.path.slice(root.length + 1), blob.toString('utf8'));
  }
  return files;
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

async function* walk(
  store: ManifestRepository,
  repoPath: string,
  sha: string,
  path: string,
  depth: number,
): AsyncGenerator<GitTreeEntry> {
  for (let skip = 0; ; skip += pageSize) {
    const { entries, more } = await store.listTree(repoPath, { sha, path, skip, limit: pageSize });
    for (const entry of entries) {
      if (entry.kind === 'file') yield entry;
      if (entry.kind === 'directory' && depth < maxDepth) {
        yield* walk(store, repoPath, sha, entry.path, depth + 1);
      }
    }
    if (!more) return;
  }
}
