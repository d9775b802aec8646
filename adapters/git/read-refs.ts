import { looksLikeObjectId, readRefProblem } from '../../contracts/git/ref-name.ts';
import type { GitBranch, GitRefEntry, GitTag } from '../../contracts/git/store.ts';
import { lookUpObjects } from './look-up-objects.ts';
import { readBranch } from './read-branch.ts';
import { readGit, requireSha, tryGit, type GitContext } from './repository-context.ts';
import { repositoryDir } from './repository-path.ts';

async function eachRef(
  context: GitContext,
  repoPath: string,
  fields: string[],
  patterns: string[],
): Promise<string[][]> {
  const out = await readGit(
    context,
    repoPath,
    ['for-each-ref', `--format=${fields.join('%00')}`, '--end-of-options', ...patterns],
    { maxBytes: 64 * 1024 * 1024 },
  );
  const lines = out.toString('utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => line.split('\0'));
}

export async function listRefs(context: GitContext, repoPath: string): Promise<GitRefEntry[]> {
  const rows = await eachRef(context, repoPath, ['%(refname)', '%(objectname)'], []);
  return rows.map(([ref = '', sha = '']) => ({ ref, sha }));
}

export async function listBranches(context: GitContext, repoPath: string): Promise<GitBranch[]> {
  const fields = ['%(refname:strip=2)', '%(objectname)', '%(committerdate:iso-strict)'];
  const rows = await eachRef(
    context,
    repoPath,
    [...fields, '%(contents:subject)'],
    ['refs/heads/'],
  );
  return rows.map(([name = '', sha = '', committedAt = '', subject = '']) => ({
    name,
    sha,
    subject,
    committedAt,
  }));
}

export async function listTags(context: GitContext, repoPath: string): Promise<GitTag[]> {
  const fields = ['%(refname:strip=2)', '%(objecttype)', '%(objectname)', '%(*objectname)'];
  const rows = await eachRef(
    context,
    repoPath,
    [...fields, '%(creatordate:iso-strict)', '%(contents:subject)'],
    ['refs/tags/'],
  );
  return rows.map(([name = '', type = '', sha = '', peeled = '', taggedAt = '', subject = '']) => ({
    name,
    sha: type === 'tag' ? peeled : sha,
    annotated: type === 'tag',
    subject,
    taggedAt,
  }));
}

export async function readHead(context: GitContext, repoPath: string): Promise<string> {
  const out = await readGit(context, repoPath, ['symbolic-ref', 'HEAD']);
  return out
    .toString('utf8')
    .trim()
    .replace(/^refs\/heads\//u, '');
}

export async function setHead(
  context: GitContext,
  repoPath: string,
  branch: string,
): Promise<void> {
  await readGit(context, repoPath, ['symbolic-ref', 'HEAD', `refs/heads/${branch}`]);
}

/** Names that `ref` may stand for, best first. */
function candidates(ref: string): string[] {
  // A whole id is that commit and nothing else, as git itself has it: a branch of such a name must not stand for it.
  if (ref === 'HEAD' || ref.startsWith('refs/') || looksLikeObjectId(ref)) return [ref];
  const named = [`refs/heads/${ref}`, `refs/tags/${ref}`];
  return /^[0-9a-f]{4,40}$/u.test(ref) ? [...named, ref] : named;
}

export async function resolveCommit(
  context: GitContext,
  repoPath: string,
  ref: string,
): Promise<string | null> {
  if (readRefProblem(ref) !== null || ref.startsWith('refs/slipway/')) return null;
  const read = await readBranch(repositoryDir(context.root, repoPath), ref);
  if (read !== null) return read;
  // One child answers for all candidates; a ref that was checked has no newline to smuggle a second line in.
  const names = candidates(ref).map((name) => `${name}^{commit}`);
  const found = await lookUpObjects((...asked) => readGit(context, repoPath, ...asked), names);
  return found.find((one) => one?.type === 'commit')?.sha ?? null;
}

export async function isAncestor(
  context: GitContext,
  repoPath: string,
  ancestor: string,
  descendant: string,
): Promise<boolean> {
  const args = ['merge-base', '--is-ancestor', requireSha(ancestor), requireSha(descendant)];
  const { code, stderr } = await tryGit(context, repoPath, args);
  if (code !== 0 && code !== 1) throw new Error(`git merge-base failed: ${stderr}`);
  return code === 0;
}

export async function mergeBase(
  context: GitContext,
  repoPath: string,
  a: string,
  b: string,
): Promise<string | null> {
  const { code, stdout } = await tryGit(context, repoPath, [
    'merge-base',
    requireSha(a),
    requireSha(b),
  ]);
  return code === 0 ? stdout.toString('utf8').trim() : null;
}

export async function mergeBases(
  context: GitContext,
  repoPath: string,
  a: string,
  b: string,
): Promise<string[]> {
  const args = ['merge-base', '--all', requireSha(a), requireSha(b)];
  const { code, stdout } = await tryGit(context, repoPath, args);
  return code === 0 ? stdout.toString('utf8').split('\n').filter(Boolean) : [];
}

export async function commitsWithout(
  context: GitContext,
  repoPath: string,
  { sha, without, limit }: { sha: string; without: readonly string[]; limit: number },
): Promise<string[] | null> {
  const there = await tryGit(context, repoPath, ['cat-file', '-e', `${requireSha(sha)}^{commit}`]);
  if (there.code !== 0) return null;
  const input = [sha, ...without.map((one) => `^${requireSha(one)}`)].join('\n');
  const args = ['rev-list', '--ignore-missing', `--max-count=${String(limit + 1)}`, '--stdin'];
  const out = await readGit(context, repoPath, args, {
    input: `${input}\n`,
    maxBytes: 64 * 1024 * 1024,
  });
  const commits = out.toString('utf8').split('\n').filter(Boolean);
  return commits.length > limit ? null : commits;
}
