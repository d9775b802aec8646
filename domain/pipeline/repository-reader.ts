import { looksLikeObjectId } from '../../contracts/git/ref-name.ts';
import type { GitStore } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Heavy } from '../heavy/heavy.ts';
import { definitionFile, type ParsedDefinition } from './definition/parse-definition.ts';

const MAX_DEFINITION_BYTES = 1024 * 1024;
/** Beyond these a step's `when: path` holds, instead of being asked of each. */
const MAX_CHANGED_PATHS = 100_000;

/** What pipelines need of the bare repositories. `repoPath` is relative to the repositories' root. */
export interface RepositoryReader {
  /** The pipeline of a commit, read; null when the commit has none. */
  definition(repoPath: string, commitSha: string): Promise<ParsedDefinition | null>;
  /**
   * Paths that differ between two commits, never only some of them; null when that cannot be told (the old commit is lost).
   */
  changedPaths(
    repoPath: string,
    oldSha: string,
    newSha: string,
  ): Promise<string[] | 'too many' | null>;
  /** Makes a clone for the steps of a run, see `GitStore.layClone`. */
  layClone: GitStore['layClone'];
  /** The commit's message, whole; null where the id leads to no commit (a tag may lead to a file). */
  commitMessage(repoPath: string, commitSha: string): Promise<string | null>;
  /** First line of the commit's message. */
  commitTitle(repoPath: string, commitSha: string): Promise<string | null>;
  /** Where a branch, tag, full ref or commit leads, under its full name; null when there is none. */
  resolveCommit(
    repoPath: string,
    ref: string,
  ): Promise<{ ref: string; sha: string; title: string | null } | null>;
}

const REMEMBERED = 200;

/** The latest values by key; what failed or was not there is asked again. */
class Recent<T extends Promise<unknown>> {
  readonly #values = new Map<string, T>();
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  get(key: string, make: () => T): T {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const value = make();
    this.#values.set(key, value);
    const forget = () => this.#values.delete(key);
    value.then((found) => found === null && forget(), forget);
    const oldest = this.#values.keys().next();
    if (this.#values.size > this.#size && oldest.done !== true) this.#values.delete(oldest.value);
    return value;
  }
}

/** Reads what pipelines need through the git store. */
export function createRepositoryReader(
  store: GitStore,
  heavy: Pick<Heavy, 'parseDefinition'>,
): RepositoryReader {
  const remembered = new Recent<Promise<ParsedDefinition | null>>(REMEMBERED);
  const commitTitle = (repoPath: string, sha: string) =>
    orNull(async () => (await store.readCommit(repoPath, sha)).subject.slice(0, 200));
  const readText = (repoPath: string, sha: string, path: string) =>
    orNull(async () => {
      const entry = await store.statPath(repoPath, sha, path);
      if (entry.kind !== 'file') return null;
      return Buffer.from(await store.readBlob(repoPath, entry.sha, MAX_DEFINITION_BYTES)).toString(
        'utf8',
      );
    });
  const definition = async (repoPath: string, sha: string) => {
    const text = await readText(repoPath, sha, definitionFile);
    return text === null ? null : await parseOrRefuse(heavy, text, ownerOf(repoPath));
  };
  return {
    commitMessage: (repoPath, sha) => orNull(() => messageOf(store, repoPath, sha)),
    commitTitle,
    // A file of a commit never changes, and a run asks for its definition twice: to be triggered and to be planned.
    definition: (repoPath, sha) =>
      remembered.get([repoPath, sha].join('\0'), () => definition(repoPath, sha)),
    changedPaths: (repoPath, from, to) => orTooMany(() => pathsBetween(store, repoPath, from, to)),
    layClone: (...args) => store.layClone(...args),
    async resolveCommit(repoPath, ref) {
      const candidates =
        ref.startsWith('refs/') || looksLikeObjectId(ref)
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

async function messageOf(store: GitStore, repoPath: string, sha: string): Promise<string | null> {
  try {
    const { subject, body } = await store.readCommit(repoPath, sha);
    return body === '' ? subject : `${subject}\n\n${body}`;
  } catch (error) {
    if ((await store.resolveCommit(repoPath, sha)) === null) return null;
    throw error;
  }
}

async function pathsBetween(
  store: GitStore,
  repoPath: string,
  from: string,
  to: string,
): Promise<string[] | null> {
  try {
    return await store.changedPaths(repoPath, { from, to });
  } catch (error) {
    // After a forced push and a clean-up the commit of before may be gone.
    if ((await store.resolveCommit(repoPath, from)) === null) return null;
    throw error;
  }
}

/** The owner of a repository or a project, of its path or full name. */
export function ownerOf(path: string): string {
  return path.split('/')[0] ?? '';
}

/** One that was ended at a limit is a file with a fault, like any other: the run says so. */
export async function parseOrRefuse(
  heavy: Pick<Heavy, 'parseDefinition'>,
  text: string,
  whose: string,
): Promise<ParsedDefinition> {
  try {
    return await heavy.parseDefinition([text], { what: definitionFile, whose });
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'unprocessable') throw error;
    const { message } = error;
    return { ok: false, message, faults: [{ line: 1, column: 1, path: '', message }] };
  }
}

async function orTooMany(
  read: () => Promise<string[] | null>,
): Promise<string[] | 'too many' | null> {
  try {
    const paths = await read();
    return paths !== null && paths.length > MAX_CHANGED_PATHS ? 'too many' : paths;
  } catch (error) {
    if (error instanceof DomainError && error.code === 'body_too_large') return 'too many';
    throw error;
  }
}

async function orNull<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof DomainError && error.code === 'not_found') return null;
    throw error;
  }
}
