import type { GitDiff, GitFileChange } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';
import { failedGit } from './git-process.ts';
import { readGit, requireSha, tryGit, type GitContext } from './repository-context.ts';

/** The tree with nothing in it; git knows it without having it. */
const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

/** `--numstat -z`: `added TAB deleted TAB path NUL`, and for a rename `added TAB deleted TAB NUL old NUL new NUL`. */
function parseNumstat(text: string): GitFileChange[] {
  const fields = text.split('\0');
  const files: GitFileChange[] = [];
  for (let at = 0; at < fields.length; at += 1) {
    const [added, deleted, ...name] = (fields[at] ?? '').split('\t');
    if (added === undefined || deleted === undefined) continue;
    const additions = added === '-' ? null : Number(added);
    const deletions = deleted === '-' ? null : Number(deleted);
    const path = name.join('\t');
    if (path !== '') {
      files.push({ path, oldPath: null, additions, deletions });
      continue;
    }
    files.push({ path: fields[at + 2] ?? '', oldPath: fields[at + 1] ?? '', additions, deletions });
    at += 2;
  }
  return files;
}

/** Cuts at the last line end, so that no half line and no half character is shown. */
function cutAtLine(bytes: Buffer): string {
  return bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1).toString('utf8');
}

const maxFiles = 1000;

/** A file of more bytes is not compared line by line: what people look at is shorter. */
export const maxComparedBytes = 4 * 1024 * 1024;

/** What git is given to compare texts with. */
export const comparing = {
  config: [['core.bigFileThreshold', String(maxComparedBytes)]],
  memory: 'diffs',
  timeoutMs: 10_000,
} as const;

const common = ['--no-color', '--no-ext-diff', '--no-textconv'];

/** Whether git gave up: it would have taken too long, or too much memory. */
export function isTooMuch(error: unknown): boolean {
  return error instanceof DomainError && ['timed_out', 'body_too_large'].includes(error.code);
}

interface Comparison {
  context: GitContext;
  repoPath: string;
  from: string;
  to: string;
}

/** What can be said of a change whose texts cannot be compared: which files it is of. */
async function listFiles({ context, repoPath, from, to }: Comparison): Promise<GitDiff> {
  const args = ['diff', ...common, '--name-only', '--no-renames', '-z', '--end-of-options'];
  const out = await readGit(context, repoPath, [...args, from, to, '--'], { timeoutMs: 10_000 });
  const paths = out.toString('utf8').split('\0').slice(0, -1);
  const files = paths.slice(0, maxFiles).map((path) => {
    return { path, oldPath: null, additions: null, deletions: null, tooLarge: true };
  });
  return { files, patch: '', truncated: true };
}

/** Of the files without a count of lines, tells those that are too large from those that are no text. */
async function markLarge(
  { context, repoPath, from, to }: Comparison,
  files: readonly GitFileChange[],
): Promise<GitFileChange[]> {
  const asked = files.filter(({ additions }) => additions === null);
  if (asked.length === 0) return [...files];
  const names = asked.flatMap(({ path, oldPath }) => [
    `${from}:${oldPath ?? path}`,
    `${to}:${path}`,
  ]);
  const args = ['cat-file', '-z', '--batch-check=%(objectsize) '];
  const out = await readGit(context, repoPath, args, {
    input: names.map((one) => `${one}\0`).join(''),
  });
  // What is not there is answered by its name, which may hold line ends: an answer ends as no name does.
  const sizes = out.toString('utf8').split('\n');
  if (sizes.length !== names.length + 1) return [...files];
  const large = new Set(
    asked.filter((_file, at) => {
      const both = [sizes[2 * at], sizes[2 * at + 1]];
      return both.some((size = '') => /^\d+ $/u.test(size) && Number(size) > maxComparedBytes);
    }),
  );
  return files.map((file) => (large.has(file) ? { ...file, tooLarge: true } : file));
}

export async function diff(
  context: GitContext,
  repoPath: string,
  options: { from: string | null; to: string; maxBytes: number },
): Promise<GitDiff> {
  const from = options.from === null ? emptyTree : requireSha(options.from);
  const comparison = { context, repoPath, from, to: requireSha(options.to) };
  try {
    return await compare(comparison, options.maxBytes);
  } catch (error) {
    if (!isTooMuch(error)) throw error;
    return await listFiles(comparison);
  }
}

async function compare(comparison: Comparison, maxBytes: number): Promise<GitDiff> {
  const { context, repoPath, from, to } = comparison;
  const range = ['--find-renames', '--end-of-options', from, to, '--'];
  const stat = await readGit(
    context,
    repoPath,
    ['diff', ...common, '--numstat', '-z', ...range],
    comparing,
  );
  const patch = await tryGit(context, repoPath, ['diff', ...common, '--patch', ...range], {
    ...comparing,
    maxBytes,
    cut: true,
  });
  if (patch.code !== 0) throw failedGit(['diff'], patch);
  const files = parseNumstat(stat.toString('utf8'));
  return {
    files: await markLarge(comparison, files.slice(0, maxFiles)),
    patch: patch.cut ? cutAtLine(patch.stdout) : patch.stdout.toString('utf8'),
    truncated: patch.cut || files.length > maxFiles,
  };
}
