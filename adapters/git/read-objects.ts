import type {
  ByteStream,
  Cancellation,
  GitCommit,
  GitStore,
  GitTreeEntry,
  TreeEntryKind,
} from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';
import { streamGit } from './git-answer.ts';
import { startGit } from './git-process.ts';
import { lookUpObjects } from './look-up-objects.ts';
import {
  longestPath,
  nameTooLong,
  openRepository,
  readGit,
  requireSha,
  takePlace,
  tryGit,
  type GitContext,
} from './repository-context.ts';

export const commitFormat = ['%H', '%P', '%an', '%ae', '%aI', '%cn', '%ce', '%cI', '%s', '%b'].join(
  '%n',
);

export function parseCommit(text: string): GitCommit {
  const [sha = '', parents = '', an = '', ae = '', aI = '', cn = '', ce = '', cI = '', ...rest] =
    text.split('\n');
  const [subject = '', ...body] = rest;
  return {
    sha,
    parents: parents === '' ? [] : parents.split(' '),
    author: { name: an, email: ae, at: aI },
    committer: { name: cn, email: ce, at: cI },
    subject,
    // the first line may be indented, as the lines under it are
    body: body.join('\n').replace(/^\n+/u, '').trimEnd(),
  };
}

/** Of a page of commits: a hundred of them with long words. */
const maxLogBytes = 8 * 1024 * 1024;

export async function log(
  context: GitContext,
  repoPath: string,
  options: { sha: string; path: string; skip: number; limit: number; without?: string },
): Promise<GitCommit[]> {
  const args = ['log', '-z', '--no-color', '--no-decorate', `--format=${commitFormat}`];
  args.push(`--skip=${String(options.skip)}`, `--max-count=${String(options.limit)}`);
  args.push('--end-of-options', requireSha(options.sha));
  if (options.without !== undefined) args.push(`^${requireSha(options.without)}`);
  args.push('--');
  if (options.path !== '') args.push(options.path);
  const out = await readGit(context, repoPath, args, { maxBytes: maxLogBytes });
  const texts = out.toString('utf8').split('\0');
  return texts.filter((text) => text !== '').map(parseCommit);
}

export async function readCommit(
  context: GitContext,
  repoPath: string,
  sha: string,
): Promise<GitCommit> {
  const [commit] = await log(context, repoPath, { sha, path: '', skip: 0, limit: 1 });
  if (commit === undefined) throw new DomainError('not_found', 'There is no such commit.');
  return commit;
}

function entryKind(mode: string): TreeEntryKind {
  if (mode === '120000') return 'symlink';
  if (mode === '160000') return 'submodule';
  return mode === '040000' ? 'directory' : 'file';
}

/** One record of `ls-tree -z`: `mode SP type SP id TAB name`. */
function parseEntry(record: string, parent: string): GitTreeEntry | null {
  const [, mode = '', sha = '', name = ''] =
    /^(\d{6}) \w+ ([0-9a-f]{40})\t(.*)$/su.exec(record) ?? [];
  if (sha === '') return null;
  return {
    name,
    path: parent === '' ? name : `${parent}/${name}`,
    kind: entryKind(mode),
    mode,
    sha,
    size: null,
  };
}

/** Fills in the sizes of files and symlinks; one child for all of them. */
async function withSizes(
  context: GitContext,
  repoPath: string,
  entries: GitTreeEntry[],
): Promise<GitTreeEntry[]> {
  const blobs = entries.filter((entry) => entry.kind === 'file' || entry.kind === 'symlink');
  const found = await lookUpObjects(
    (...asked) => readGit(context, repoPath, ...asked),
    blobs.map(({ sha }) => sha),
  );
  const sizes = new Map<string, number>();
  for (const one of found) if (one?.type === 'blob') sizes.set(one.sha, one.bytes);
  return entries.map((entry) => ({ ...entry, size: sizes.get(entry.sha) ?? null }));
}

const rootMode = '040000';

export async function statPath(
  context: GitContext,
  repoPath: string,
  sha: string,
  path: string,
): Promise<GitTreeEntry> {
  if (path === '') {
    const tree = `${requireSha(sha)}^{tree}`;
    const { code, stdout } = await tryGit(context, repoPath, ['rev-parse', '--verify', '-q', tree]);
    if (code !== 0) throw new DomainError('not_found', 'There is no such commit.');
    const found = stdout.toString('utf8').trim();
    return { name: '', path: '', kind: 'directory', mode: rootMode, sha: found, size: null };
  }
  const args = ['ls-tree', '-z', '--full-tree', '--end-of-options', requireSha(sha), path];
  const out = await readGit(context, repoPath, args);
  const slash = path.lastIndexOf('/');
  const entry = parseEntry(out.toString('utf8').split('\0')[0] ?? '', '');
  if (entry?.path !== path) throw new DomainError('not_found', 'There is nothing at this path.');
  const [sized] = await withSizes(context, repoPath, [{ ...entry, name: path.slice(slash + 1) }]);
  return sized ?? entry;
}

export async function statPaths(
  context: GitContext,
  repoPath: string,
  sha: string,
  paths: readonly string[],
): Promise<GitTreeEntry[]> {
  if (paths.length === 0) return [];
  const args = ['ls-tree', '-z', '--full-tree', '--end-of-options', requireSha(sha), ...paths];
  const out = await readGit(context, repoPath, args);
  const records = out.toString('utf8').split('\0').slice(0, -1);
  const entries = records.flatMap((record) => parseEntry(record, '') ?? []);
  const named = entries.map((entry) => {
    const name = entry.path.slice(entry.path.lastIndexOf('/') + 1);
    return { ...entry, name };
  });
  return withSizes(context, repoPath, named);
}

export async function listTree(
  context: GitContext,
  repoPath: string,
  options: Parameters<GitStore['listTree']>[1],
): Promise<{ entries: GitTreeEntry[]; more: boolean }> {
  const tree = await statPath(context, repoPath, options.sha, options.path);
  if (tree.kind !== 'directory') {
    throw new DomainError('not_found', 'There is no directory at this path.');
  }
  const cwd = await openRepository(context, repoPath);
  const release = await takePlace(context, repoPath);
  const entries = await readEntries(context, cwd, tree, options).finally(release);
  const page = await withSizes(context, repoPath, entries.slice(0, options.limit));
  return { entries: page, more: entries.length > options.limit };
}

/** Reads up to limit + 1 entries and then stops git, so that a tree of a million entries costs no more than its start. */
async function readEntries(
  context: GitContext,
  cwd: string,
  tree: GitTreeEntry,
  options: Omit<Parameters<GitStore['listTree']>[1], 'sha' | 'path'>,
): Promise<GitTreeEntry[]> {
  const { named } = options;
  const child = await startGit(context.setting, ['--git-dir=.', 'ls-tree', '-z', tree.sha], {
    cwd,
    signal: context.reader?.signal,
  });
  const entries: GitTreeEntry[] = [];
  let seen = 0;
  let rest = '';
  let isWhole = true;
  child.stdin.end();
  child.stdout.setEncoding('utf8');
  outer: for await (const chunk of child.stdout as AsyncIterable<string>) {
    const records = (rest + chunk).split('\0');
    rest = records.pop() ?? '';
    if (rest.length > longestPath) throw nameTooLong();
    for (const record of records) {
      if (named !== undefined && !named(record.slice(record.indexOf('\t') + 1))) continue;
      seen += 1;
      if (seen <= options.skip) continue;
      const entry = parseEntry(record, tree.path);
      if (entry === null) throw new DomainError('unavailable', 'git listed what is no entry.');
      entries.push(entry);
      if (entries.length > options.limit) {
        isWhole = false;
        break outer;
      }
    }
  }
  if (!isWhole) child.kill();
  // Half a listing would pass for a whole one: whatever it leaves out would count as removed.
  const code = await child.exited;
  if (isWhole && (code !== 0 || rest !== '')) {
    throw new DomainError('unavailable', 'git did not list the folder to its end.');
  }
  return entries;
}

export async function readBlob(
  context: GitContext,
  repoPath: string,
  blobSha: string,
  maxBytes: number,
): Promise<Buffer> {
  const { code, stdout } = await tryGit(
    context,
    repoPath,
    ['cat-file', 'blob', requireSha(blobSha)],
    { maxBytes },
  );
  if (code !== 0) throw new DomainError('not_found', 'There is no such file.');
  return stdout;
}

export function streamBlob(
  context: GitContext,
  repoPath: string,
  blobSha: string,
  signal: Cancellation,
  whose?: string,
): ByteStream {
  const args = ['cat-file', 'blob', requireSha(blobSha)];
  return streamGit(context, repoPath, args, { signal, whose });
}

export function archive(
  context: GitContext,
  repoPath: string,
  options: {
    sha: string;
    format: 'tar' | 'tar.gz' | 'zip';
    prefix: string;
    signal: Cancellation;
    whose?: string;
  },
): ByteStream {
  if (!/^(?:[\w.-]+\/)?$/u.test(options.prefix))
    throw new Error('the prefix of an archive is not safe');
  const args = ['archive', `--format=${options.format}`, `--prefix=${options.prefix}`];
  return streamGit(context, repoPath, [...args, requireSha(options.sha)], options);
}
