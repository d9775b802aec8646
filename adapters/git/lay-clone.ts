import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { GitClone } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';
import { readGit, requireSha, tryGit, type GitContext } from './repository-context.ts';
import { repositoryDir } from './repository-path.ts';

/** Objects and refs that a clone gets. */
interface Selection {
  /** where histories begin: the commit, then tags */
  tips: string[];
  /** commits whose parents are left out */
  shallow: string[];
  tags: Tag[];
}

interface Tag {
  ref: string;
  sha: string;
  /** what an annotated tag points at in the end */
  peeled: string | null;
}

const packTimeoutMs = 10 * 60_000;
const maxListBytes = 256 * 1024 * 1024;

/**
 * One pack and one list of refs, written as git writes them. A fetch into the folder would come to the same, with twice
 * the processes, and would read every object again to check what is checked at each push.
 */
export async function layClone(
  context: GitContext,
  repoPath: string,
  tree: string,
  clone: GitClone,
): Promise<void> {
  const selection = await select(context, repoPath, clone);
  const dir = path.join(tree, '.git');
  const parts = ['objects/pack', 'objects/info', 'refs/heads', 'refs/tags'];
  await Promise.all(parts.map((part) => mkdir(path.join(dir, part), { recursive: true })));
  const input = [...selection.tips, ...selection.shallow.map((sha) => `--shallow ${sha}`), ''];
  const args = ['pack-objects', '--revs', '--quiet', '--delta-base-offset'];
  await underAnotherName(path.resolve(dir, 'objects/pack'), (packs) =>
    readGit(context, repoPath, [...args, path.join(packs, 'pack')], {
      input: input.join('\n'),
      timeoutMs: packTimeoutMs,
      memory: 'packs',
    }),
  );
  const branch = branchOf(clone.ref);
  const files: [string, string][] = [
    ['HEAD', branch === null ? `${clone.sha}\n` : `ref: ${clone.ref}\n`],
    ['config', configText(clone.origin, branch)],
    ['packed-refs', refsText(clone, branch, selection.tags)],
  ];
  if (selection.shallow.length > 0) files.push(['shallow', `${selection.shallow.join('\n')}\n`]);
  await Promise.all(files.map(([name, text]) => writeFile(path.join(dir, name), text)));
}

/** Command lines are read by every account of the machine, and the folders of runs are named like them. */
async function underAnotherName<T>(folder: string, use: (name: string) => Promise<T>): Promise<T> {
  const own = await mkdtemp(path.join(tmpdir(), 'slipway-pack-'));
  try {
    const name = path.join(own, 'to');
    await symlink(folder, name);
    return await use(name);
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

function branchOf(ref: string): string | null {
  return ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : null;
}

async function select(context: GitContext, repoPath: string, clone: GitClone): Promise<Selection> {
  const sha = requireSha(clone.sha);
  const isWhole = clone.depth === 0;
  const [{ held, shallow }, all] = await Promise.all([
    isWhole ? { held: null, shallow: [] } : newestCommits(context, repoPath, sha, clone.depth),
    listTags(context, repoPath, isWhole && !clone.tags ? sha : null),
  ]);
  const has = ({ sha: own, peeled }: Tag): boolean => held === null || held.has(peeled ?? own);
  const tags = clone.tags ? all : all.filter(has);
  // The commit of a tag that lies outside comes without its own past.
  const further = tags.filter((tag) => !has(tag)).map((tag) => tag.peeled ?? tag.sha);
  const tips = [...new Set([sha, ...tags.map((tag) => tag.sha)])];
  return { tips, shallow: [...new Set([...shallow, ...further])], tags };
}

/** By date, not along each parent: however often branches were merged, there are no more than so many. */
async function newestCommits(
  context: GitContext,
  repoPath: string,
  sha: string,
  depth: number,
): Promise<{ held: Set<string>; shallow: string[] }> {
  const args = ['rev-list', '--parents', `--max-count=${String(depth)}`, sha, '--'];
  const found = await tryGit(context, repoPath, args, { maxBytes: maxListBytes });
  if (found.code !== 0) throw new DomainError('not_found', 'The commit is not there.');
  const lines = found.stdout.toString('latin1').trim().split('\n');
  const commits = lines.map((line) => line.split(' '));
  const held = new Set(commits.map(([commit = '']) => commit));
  const isCut = ([, ...parents]: string[]): boolean => parents.some((one) => !held.has(one));
  return { held, shallow: commits.filter(isCut).map(([commit = '']) => commit) };
}

/** @param merged only those whose commits this one has; null: all */
async function listTags(
  context: GitContext,
  repoPath: string,
  merged: string | null,
): Promise<Tag[]> {
  if (await hasNoTags(context, repoPath)) return [];
  const format = '--format=%(refname)%00%(objectname)%00%(*objectname)';
  const only = merged === null ? [] : [`--merged=${merged}`];
  const args = ['for-each-ref', format, ...only, 'refs/tags/'];
  const listed = await readGit(context, repoPath, args, { maxBytes: maxListBytes });
  const lines = listed
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => {
    const [ref = '', sha = '', peeled = ''] = line.split('\0');
    return { ref, sha, peeled: peeled === '' ? null : peeled };
  });
}

/** Whether the files of the repository tell that it has no tag at all, as most have none: git is asked in every other case. */
async function hasNoTags({ root }: GitContext, repoPath: string): Promise<boolean> {
  const dir = repositoryDir(root, repoPath);
  try {
    if ((await readdir(path.join(dir, 'refs/tags'))).length > 0) return false;
    const packed = await readFile(path.join(dir, 'packed-refs'), 'latin1').catch(emptyIfMissing);
    return !packed.includes(' refs/tags/');
  } catch {
    return false;
  }
}

function emptyIfMissing(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return '';
  throw error;
}

function refsText(clone: GitClone, branch: string | null, tags: readonly Tag[]): string {
  const own = branch === null ? [] : [clone.ref, `refs/remotes/origin/${branch}`];
  const refs = [...own.map((ref) => ({ ref, sha: clone.sha, peeled: null })), ...tags];
  const inOrder = refs.sort((a, b) => Buffer.compare(Buffer.from(a.ref), Buffer.from(b.ref)));
  const lines = inOrder.map(({ ref, sha, peeled }) => {
    return peeled === null ? `${sha} ${ref}\n` : `${sha} ${ref}\n^${peeled}\n`;
  });
  return `# pack-refs with: peeled fully-peeled sorted \n${lines.join('')}`;
}

function configText(origin: string, branch: string | null): string {
  const lines = [
    '[core]',
    '\trepositoryformatversion = 0',
    '\tfilemode = true',
    '\tbare = false',
    '\tlogallrefupdates = true',
    '[remote "origin"]',
    `\turl = ${quoted(origin)}`,
    '\tfetch = +refs/heads/*:refs/remotes/origin/*',
  ];
  if (branch !== null) {
    lines.push(`[branch ${quoted(branch)}]`, '\tremote = origin');
    lines.push(`\tmerge = ${quoted(`refs/heads/${branch}`)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Within quotes git reads these two by a backslash; names of branches and addresses hold no line break. */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
