import type { ByteStream, GitStore } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';

const MAX_DEFINITION_BYTES = 1024 * 1024;
const MAX_DIFF_BYTES = 4 * 1024 * 1024;

/** What pipelines need of the bare repositories. `repoPath` is relative to the repositories' root. */
export interface RepositoryReader {
  /** Text of a file at a commit; null when there is none. */
  readText(repoPath: string, commitSha: string, path: string): Promise<string | null>;
  /** Paths that differ between two commits; null when that cannot be told (the old commit is lost). */
  changedPaths(repoPath: string, oldSha: string, newSha: string): Promise<string[] | null>;
  /** The tree of a commit as a tar stream. */
  archive(repoPath: string, commitSha: string): ByteStream;
  /** First line of the commit's message. */
  commitTitle(repoPath: string, commitSha: string): Promise<string | null>;
  /** Where a branch, tag, full ref or commit leads, under its full name; null when there is none. */
  resolveCommit(
    repoPath: string,
    ref: string,
  ): Promise<{ ref: string; sha: string; title: string | null } | null>;
}

const never = {
  aborted: false,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
};

/** Reads what pipelines need through the git store. */
export function createRepositoryReader(store: GitStore): RepositoryReader {
  const commitTitle = (repoPath: string, sha: string) =>
    orNull(async () => (await store.readCommit(repoPath, sha)).subject.slice(0, 200));
  return {
    commitTitle,
    readText: (repoPath, sha, path) =>
      orNull(async () => {
        const entry = await store.statPath(repoPath, sha, path);
        if (entry.kind !== 'file') return null;
        return Buffer.from(
          await store.readBlob(repoPath, entry.sha, MAX_DEFINITION_BYTES),
        ).toString('utf8');
      }),
    changedPaths: (repoPath, from, to) =>
      orNull(async () => {
        const { files } = await store.diff(repoPath, { from, to, maxBytes: MAX_DIFF_BYTES });
        return files.flatMap((file) =>
          file.oldPath === null ? [file.path] : [file.path, file.oldPath],
        );
      }),
    archive: (repoPath, sha) =>
      store.archive(repoPath, { sha, format: 'tar', prefix: '', signal: never }),
    async resolveCommit(repoPath, ref) {
      const candidates = ref.startsWith('refs/')
        ? [ref]
        : [`refs/heads/${ref}`, `refs/tags/${ref}`, ref];
      for (const candidate of candidates) {
        const sha = await store.resolveCommit(repoPath, candidate);
        if (sha !== null) return { ref: candidate, sha, title: await commitTitle(repoPath, sha) };
      }
      return null;
    },
  };
}

async function orNull<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof DomainError && error.code === 'not_found') return null;
    throw error;
  }
}
