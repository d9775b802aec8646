import type { GitStore } from '../../contracts/git/store.ts';
import { codeOwnersPaths, ownerRulesOf, parseCodeOwners, type OwnerRule } from './code-owners.ts';

/** What the target's file of code owners says of a change. */
export interface CodeOwners {
  /** the file that counts; null when there is none */
  path: string | null;
  /** files that do not count because another one comes first */
  others: string[];
  /** lines that speak for what is changed */
  rules: OwnerRule[];
  /** each owner that the file names, and the first line that does */
  named: Map<string, number>;
  /** why not all of it can be read or compared; none when it can */
  faults: string[];
}

const maxOwnersBytes = 1024 * 1024;

const noCodeOwners: CodeOwners = {
  path: null,
  others: [],
  rules: [],
  named: new Map(),
  faults: [],
};

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/**
 * Reads the file of code owners of a commit. What is not understood of it is a fault, never nothing: a rule that cannot be
 * read must not be a rule that is kept.
 * @param changedPaths the change that its lines are asked about
 */
export async function readCodeOwners(
  git: Pick<GitStore, 'statPaths' | 'readBlob'>,
  repoPath: string,
  targetSha: string,
  changedPaths: readonly string[],
): Promise<CodeOwners> {
  const entries = await git.statPaths(repoPath, targetSha, codeOwnersPaths);
  const files = codeOwnersPaths.flatMap(
    (path) =>
      entries.find((entry) => entry.path === path && /^(file|symlink)$/.test(entry.kind)) ?? [],
  );
  const [file, ...others] = files;
  if (file === undefined) return noCodeOwners;
  const found = { ...noCodeOwners, path: file.path, others: others.map(({ path }) => path) };
  const faulty = (fault: string): CodeOwners => ({ ...found, faults: [fault] });
  if (file.kind === 'symlink') return faulty('it is a link to another file, which is not followed');
  if ((file.size ?? 0) > maxOwnersBytes) return faulty('it is larger than 1 MiB');
  const text = decode(await git.readBlob(repoPath, file.sha, maxOwnersBytes));
  if (text === null) return faulty('it is not text in UTF-8');
  const { rules, faults } = parseCodeOwners(text);
  const named = new Map<string, number>();
  for (const { owners, line } of rules) {
    for (const owner of owners) if (!named.has(owner)) named.set(owner, line);
  }
  const owned = await ownerRulesOf(rules, changedPaths);
  if (owned !== null) return { ...found, rules: [...owned.keys()], named, faults };
  return faulty('it takes too long to compare its lines with so many changed files');
}
