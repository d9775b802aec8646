import { LRUCache } from 'lru-cache';
import type { ManifestFolder } from '../../contracts/deploy/render.ts';
import type { ManifestSource } from './manifest-source.ts';
import { readManifestFiles, type ManifestRepository } from './read-manifest-files.ts';

/** Of one process: some hundred applications, each with its charts. */
const maxBytes = 64 * 1024 * 1024;

type Place = Pick<ManifestSource, 'repoPath' | 'sha' | 'folder'>;

/**
 * Folders of commits, read once: a commit never changes, and one push to an ops repository has every environment that
 * follows it ask for the same files at the same moment.
 */
export class ManifestFiles {
  readonly #read: LRUCache<string, ManifestFolder, Place>;

  constructor(store: ManifestRepository) {
    this.#read = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: bytesOf,
      fetchMethod: async (_key, _stale, { context }) =>
        await readManifestFiles(store, context.repoPath, context.sha, context.folder),
    });
  }

  /**
   * What is beneath the folder, by its path relative to it.
   * @throws DomainError as `readManifestFiles` does; what failed is read again the next time
   */
  async read({ repoPath, sha, folder }: Place): Promise<ManifestFolder> {
    const key = [repoPath, sha, folder].join('\n');
    return await this.#read.forceFetch(key, { context: { repoPath, sha, folder } });
  }
}

/** What a folder weighs in the cache; an empty one weighs something, too. */
function bytesOf({ files, binaries }: ManifestFolder): number {
  let bytes = 1024;
  for (const blob of binaries.values()) bytes += blob.length;
  for (const [path, text] of files) bytes += 2 * (path.length + text.length);
  return bytes;
}
