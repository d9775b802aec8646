import type { RefUpdate } from '../../contracts/event/types.ts';
import type {
  CommitPerson,
  MergedTree,
  MergeHindrance,
  NewCommit,
} from '../../contracts/git/merge.ts';
import { isReservedRef, readRefProblem } from '../../contracts/git/ref-name.ts';
import type { GitCommit } from '../../contracts/git/store.ts';
import { lookUpObjects } from './look-up-objects.ts';
import { DomainError } from '../../contracts/problems.ts';
import { commitFormat, parseCommit, statPaths } from './read-objects.ts';
import { mergeBase } from './read-refs.ts';
import { readGit, requireSha, tryGit, type GitContext } from './repository-context.ts';

const mergeTimeoutMs = 60_000;
const maxListBytes = 64 * 1024 * 1024;

/** Someone for commits that live for one command and are seen by nobody. */
const nobody: CommitPerson = { name: 'slipway', email: 'slipway@localhost' };

/** What git takes for a name or address: it drops `<`, `>` and line ends, and fails when nothing is left. */
function personText(text: string, otherwise: string): string {
  const clean = text.replace(/[<>\p{Cc}]/gu, '').trim();
  return clean === '' ? otherwise : clean;
}

function personEnvironment(role: 'AUTHOR' | 'COMMITTER', person: CommitPerson) {
  return {
    [`GIT_${role}_NAME`]: personText(person.name, 'unknown'),
    [`GIT_${role}_EMAIL`]: personText(person.email, 'unknown@localhost'),
    ...(person.at === undefined ? {} : { [`GIT_${role}_DATE`]: person.at }),
  };
}

export async function treeOf(
  context: GitContext,
  repoPath: string,
  commit: string,
): Promise<string> {
  const args = ['rev-parse', '--verify', '-q', `${requireSha(commit)}^{tree}`];
  return (await readGit(context, repoPath, args)).toString('utf8').trim();
}

async function makeCommit(
  context: GitContext,
  repoPath: string,
  treeish: string,
  { parents, message, author, committer }: Omit<NewCommit, 'tree'>,
): Promise<string> {
  const text =
    typeof message === 'string'
      ? Buffer.from(message.endsWith('\n') ? message : `${message}\n`)
      : await readGit(context, repoPath, ['log', '-1', '--format=%B', requireSha(message.of)]);
  const out = await readGit(
    context,
    repoPath,
    ['commit-tree', treeish, ...parents.flatMap((parent) => ['-p', requireSha(parent)]), '-F', '-'],
    {
      input: text,
      env: {
        ...personEnvironment('AUTHOR', author),
        ...personEnvironment('COMMITTER', committer),
      },
    },
  );
  return requireSha(out.toString('utf8').trim());
}

export async function commitTree(
  context: GitContext,
  repoPath: string,
  commit: NewCommit,
): Promise<string> {
  return makeCommit(context, repoPath, requireSha(commit.tree), commit);
}

/** A commit with the tree of another and a parent of our choice. */
function withParent(
  context: GitContext,
  repoPath: string,
  commit: string,
  parent: string | null,
): Promise<string> {
  return makeCommit(context, repoPath, `${requireSha(commit)}^{tree}`, {
    parents: parent === null ? [] : [parent],
    message: 'side of a merge',
    author: nobody,
    committer: nobody,
  });
}

/**
 * `merge-tree` finds the base in the histories of both sides (`--merge-base` came with git 2.40): a base of our own is
 * given to it as the only parent of two commits that hold the sides' trees. gc collects them.
 */
export async function mergeCommits(
  context: GitContext,
  repoPath: string,
  options: { ours: string; theirs: string; base?: string | null },
): Promise<MergedTree> {
  const { base } = options;
  const sides =
    base === undefined
      ? [requireSha(options.ours), requireSha(options.theirs)]
      : [
          await withParent(context, repoPath, options.ours, base),
          await withParent(context, repoPath, options.theirs, base),
        ];
  const merged = await tryGit(
    context,
    repoPath,
    [
      'merge-tree',
      '--write-tree',
      '-z',
      '--name-only',
      '--no-messages',
      '--allow-unrelated-histories',
      ...sides,
    ],
    { timeoutMs: mergeTimeoutMs, maxBytes: maxListBytes },
  ).catch((error: unknown) => {
    if (error instanceof DomainError && error.code === 'body_too_large') return null;
    throw error;
  });
  if (merged === null) return tooLarge(context, repoPath, sides);
  const { code, stdout, stderr } = merged;
  if (code !== 0 && code !== 1) throw new Error(`git merge-tree failed: ${stderr}`);
  const [tree = '', ...paths] = stdout.toString('utf8').split('\0');
  if (code === 0) return { tree: requireSha(tree) };
  return { conflicts: [...new Set(paths.filter((path) => path !== ''))] };
}

const maxNamed = 20;

/** The largest of the files that both sides changed: git has no memory to merge them. */
async function tooLarge(
  context: GitContext,
  repoPath: string,
  sides: readonly string[],
): Promise<MergeHindrance> {
  const [ours = '', theirs = ''] = sides;
  const base = await mergeBase(context, repoPath, ours, theirs);
  if (base === null) throw new Error('git has no memory for a merge without a base');
  const [mine, others] = [
    await changedPaths(context, repoPath, { from: base, to: ours }),
    await changedPaths(context, repoPath, { from: base, to: theirs }),
  ];
  const both = new Set(others);
  const shared = mine.filter((path) => both.has(path));
  // Of a file that one side gave another name the two have no path in common: some path is named all the same.
  const paths = (shared.length > 0 ? shared : mine).slice(0, 1000);
  const entries = await statPaths(context, repoPath, ours, paths);
  const largest = entries.sort((a, b) => (b.size ?? 0) - (a.size ?? 0))[0]?.size ?? 0;
  const large = entries.filter(({ size }) => (size ?? 0) * 2 >= largest);
  const named = large.length > 0 ? large.map(({ path }) => path) : paths;
  return { conflicts: named.slice(0, maxNamed), tooLarge: true };
}

/** What `update-ref` says when a ref is not where it should be, or another process holds it. */
const lostRace = /cannot lock ref|but expected|already exists|unable to resolve reference/u;

export async function moveRefs(
  context: GitContext,
  repoPath: string,
  updates: readonly RefUpdate[],
): Promise<boolean> {
  const input = updates.map(
    ({ ref, oldSha, newSha }) => `update ${ref}\0${requireSha(newSha)}\0${requireSha(oldSha)}\0`,
  );
  const { code, stderr } = await tryGit(context, repoPath, ['update-ref', '--stdin', '-z'], {
    input: input.join(''),
  });
  if (code === 0) return true;
  if (lostRace.test(stderr)) return false;
  throw new Error(`git update-ref failed: ${stderr}`);
}

export async function keepCommit(
  context: GitContext,
  repoPath: string,
  name: string,
  sha: string,
): Promise<void> {
  if (!/^[a-z0-9]+(\/[a-z0-9]+)*$/u.test(name)) throw new Error('not a name below refs/slipway/');
  await readGit(context, repoPath, ['update-ref', `refs/slipway/${name}`, requireSha(sha)]);
}

export async function setReservedRefs(
  context: GitContext,
  repoPath: string,
  refs: readonly { ref: string; sha: string }[],
): Promise<void> {
  const foreign = refs.find(({ ref }) => !isReservedRef(ref) || readRefProblem(ref) !== null);
  if (foreign !== undefined) throw new Error(`${foreign.ref} is no ref of the server's`);
  const shas = [...new Set(refs.map(({ sha }) => requireSha(sha)))];
  const found = await lookUpObjects((...asked) => readGit(context, repoPath, ...asked), shas);
  const there = new Set(found.flatMap((one) => (one?.type === 'commit' ? [one.sha] : [])));
  const input = refs
    .filter(({ sha }) => there.has(sha))
    .map(({ ref, sha }) => `update ${ref}\0${sha}\0\0`);
  if (input.length === 0) return;
  await readGit(context, repoPath, ['update-ref', '--stdin', '-z'], { input: input.join('') });
}

function range(options: { from: string; to: string }): string[] {
  return ['--end-of-options', requireSha(options.to), `^${requireSha(options.from)}`];
}

export async function commitsBetween(
  context: GitContext,
  repoPath: string,
  options: { from: string; to: string; limit: number },
): Promise<GitCommit[]> {
  const args = ['log', '-z', '--no-color', '--no-decorate', `--format=${commitFormat}`];
  args.push('--topo-order', '--reverse', `--max-count=${String(options.limit)}`);
  const out = await readGit(context, repoPath, [...args, ...range(options), '--'], {
    maxBytes: maxListBytes,
  });
  const texts = out.toString('utf8').split('\0');
  return texts.filter((text) => text !== '').map(parseCommit);
}

export async function countBetween(
  context: GitContext,
  repoPath: string,
  options: { from: string; to: string },
): Promise<number> {
  const out = await readGit(context, repoPath, ['rev-list', '--count', ...range(options), '--']);
  return Number(out.toString('utf8').trim());
}

export async function changedPaths(
  context: GitContext,
  repoPath: string,
  options: { from: string; to: string },
): Promise<string[]> {
  const args = ['diff', '--name-only', '-z', '--no-renames', '--no-ext-diff', '--end-of-options'];
  const shas = [requireSha(options.from), requireSha(options.to)];
  const out = await readGit(context, repoPath, [...args, ...shas, '--'], {
    maxBytes: maxListBytes,
    timeoutMs: mergeTimeoutMs,
  });
  return out
    .toString('utf8')
    .split('\0')
    .filter((path) => path !== '');
}
