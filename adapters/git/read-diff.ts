import type { GitDiff, GitFileChange } from '../../contracts/git/store.ts';
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

export async function diff(
  context: GitContext,
  repoPath: string,
  options: { from: string | null; to: string; maxBytes: number },
): Promise<GitDiff> {
  const common = ['--no-color', '--no-ext-diff', '--no-textconv', '--find-renames'];
  const range = [
    options.from === null ? emptyTree : requireSha(options.from),
    requireSha(options.to),
  ];
  const stat = await readGit(
    context,
    repoPath,
    ['diff', ...common, '--numstat', '-z', '--end-of-options', ...range, '--'],
    { timeoutMs: 10_000 },
  );
  const patch = await tryGit(
    context,
    repoPath,
    ['diff', ...common, '--patch', '--end-of-options', ...range, '--'],
    { maxBytes: options.maxBytes, cut: true, timeoutMs: 10_000 },
  );
  if (patch.code !== 0) throw new Error(`git diff failed: ${patch.stderr}`);
  const files = parseNumstat(stat.toString('utf8'));
  return {
    files: files.slice(0, maxFiles),
    patch: patch.cut ? cutAtLine(patch.stdout) : patch.stdout.toString('utf8'),
    truncated: patch.cut || files.length > maxFiles,
  };
}
