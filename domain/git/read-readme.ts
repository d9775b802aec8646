import { posix } from 'node:path';
import type { GitStore, GitTreeEntry } from '../../contracts/git/store.ts';
import { treePathProblem } from '../../contracts/git/ref-name.ts';
import { DomainError } from '../../contracts/problems.ts';
import {
  type FileView,
  readFile,
  repoPathOf,
  type RepositoryOf,
  requireRef,
  requireTreePath,
} from './read-repository.ts';

type Reader = Pick<GitStore, 'resolveCommit' | 'listTree' | 'statPath' | 'readBlob'>;

const markdownEnding = 'md|markdown|mdown|mkdn?';
const readmeName = new RegExp(
  `^readme(\\.(${markdownEnding}|rst|txt|adoc|asciidoc|org|textile|rdoc|pod))?$`,
  'iu',
);
const markdownName = new RegExp(`\\.(${markdownEnding})$`, 'iu');

/** Where the README of a whole repository is looked for; the first folder that has one wins, as on GitHub. */
const readmeFolders = ['.github', '', 'docs'];

/** A link in a repository may lead to a link; longer chains are taken for a circle. */
const maxHops = 5;
const maxTargetBytes = 4096;

function isNotFound(error: unknown): boolean {
  return error instanceof DomainError && error.code === 'not_found';
}

/** The file that an entry is or, over symlinks, leads to; null when that is no file of this repository. */
async function followToFile(
  git: Reader,
  repoPath: string,
  sha: string,
  start: GitTreeEntry,
): Promise<GitTreeEntry | null> {
  let entry = start;
  for (let hops = 0; entry.kind === 'symlink' && hops < maxHops; hops += 1) {
    if ((entry.size ?? 0) > maxTargetBytes) return null;
    const target = Buffer.from(await git.readBlob(repoPath, entry.sha, maxTargetBytes)).toString();
    if (target === '' || target.startsWith('/')) return null;
    const path = posix.normalize(posix.join(posix.dirname(entry.path), target));
    if (path === '.' || path.endsWith('/') || treePathProblem(path) !== null) return null;
    const found = await git.statPath(repoPath, sha, path).catch((error: unknown) => {
      if (isNotFound(error)) return null;
      throw error;
    });
    if (found === null) return null;
    entry = found;
  }
  return entry.kind === 'file' ? entry : null;
}

async function findIn(
  git: Reader,
  repoPath: string,
  sha: string,
  folder: string,
): Promise<GitTreeEntry | null> {
  const { entries } = await git
    .listTree(repoPath, {
      sha,
      path: folder,
      skip: 0,
      limit: 100,
      named: (name) => readmeName.test(name),
    })
    .catch((error: unknown) => {
      if (isNotFound(error)) return { entries: [] };
      throw error;
    });
  // `sort` keeps the order of git among equals
  const best = entries.sort(
    (a, b) => Number(markdownName.test(b.name)) - Number(markdownName.test(a.name)),
  );
  for (const entry of best) {
    const file = await followToFile(git, repoPath, sha, entry);
    if (file !== null) return file;
  }
  return null;
}

/**
 * The README of a folder, or of the whole repository: of `.github`, the root or `docs`. Markdown is taken before other
 * forms. A symlink is followed within the repository, and `path` is that of the file that it leads to.
 * @throws DomainError `not_found` when there is none
 */
export async function readReadme(
  git: Reader,
  project: RepositoryOf,
  options: { ref: string | undefined; path: string },
): Promise<FileView> {
  const folder = requireTreePath(options.path);
  const at = await requireRef(git, project, options.ref);
  const repoPath = repoPathOf(project);
  for (const place of folder === '' ? readmeFolders : [folder]) {
    const found = await findIn(git, repoPath, at.sha, place);
    if (found === null) continue;
    const view = await readFile(git, project, { ref: at.sha, path: found.path });
    return { ...view, ref: at.ref };
  }
  throw new DomainError('not_found', 'There is no README.');
}
