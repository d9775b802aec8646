import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import {
  startGitServer,
  type GitServer,
  type TestRepository,
  type TestUser,
} from '../support/git-server.ts';

// Many git processes; a loaded machine takes its time.
jest.setTimeout(240_000);

const mebibyte = 1024 * 1024;

let server: GitServer;
let ann: TestUser;
let repository: TestRepository;
let tree: WorkTree;
let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'slipway-memory-'));
  const memory = { diffs: 32 * mebibyte, reads: 48 * mebibyte };
  server = await startGitServer({ store: { memory } });
  ann = await server.user('ann', 'developer');
  repository = await server.project(ann, 'lines');
  tree = await makeWorkTree(repository.url, ann.token);
});

afterAll(async () => {
  await tree.remove();
  await server.stop();
  await rm(scratch, { recursive: true, force: true });
});

/** A line for each byte: what git keeps of each is a hundred times as long. */
const lines = '\n'.repeat(mebibyte);

/** Commits files on a branch that starts at another, and pushes it. */
async function branch(
  name: string,
  from: string | null,
  files: Record<string, string>,
): Promise<string> {
  if (from !== null) await tree.git('checkout', '-q', '-B', name, from);
  await tree.write(files);
  const sha = await tree.commit(name);
  await tree.git('push', '-q', 'origin', `HEAD:refs/heads/${name}`);
  return sha;
}

interface Diff {
  files: { path: string; oldPath: string | null; additions: number | null; tooLarge?: boolean }[];
  patch: string;
  truncated: boolean;
}

async function diffOf(from: string, to: string): Promise<Diff> {
  const answer = await server.api(ann, 'GET', `${repository.api}/diff?from=${from}&to=${to}`);
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { diff: Diff }).diff;
}

describe('a change that git has no memory for', () => {
  it('is shown by its files, with words for what is not shown [A-GIT-07]', async () => {
    const first = await branch('main', null, { big: `a${lines}b`, small: 'a\n' });
    const second = await branch('ours', first, { big: `c${lines}d`, small: 'b\n' });
    expect(await diffOf(first, second)).toEqual({
      files: ['big', 'small'].map((name) => {
        return { path: name, oldPath: null, additions: null, deletions: null, tooLarge: true };
      }),
      patch: '',
      truncated: true,
    });
  });

  it('is not merged, and the path is said with the reason [A-MR-04]', async () => {
    await branch('theirs', 'main', { big: `e${lines}f`, small: 'a\n', other: 'x\n' });
    await branch('target', 'ours', { another: 'y\n' });
    const title = { title: 'lines', sourceBranch: 'theirs', targetBranch: 'target' };
    const made = await server.api(ann, 'POST', `${repository.api}/merge-requests`, title);
    expect(made.status).toBe(201);
    const { number } = (await made.json()) as { number: number };
    const at = `${repository.api}/merge-requests/${String(number)}`;
    const state = await server.api(ann, 'GET', `${at}/mergeability`);
    expect(state.status).toBe(200);
    const words = 'Both sides changed big, which is too large to be merged here';
    expect(JSON.stringify(await state.json())).toContain(words);
    const refused = await server.api(ann, 'POST', `${at}/merge`, {});
    expect(refused.status).toBe(409);
    expect(JSON.stringify(await refused.json())).toContain(words);
  });

  it('is not merged in any style where the target has another name for it [A-MR-04]', async () => {
    await tree.git('checkout', '-q', '-B', 'renamed', 'main');
    await tree.git('mv', 'big', 'large');
    await branch('renamed', null, { large: `g${lines}h` });
    // A rebase leaves the merge out, and with it all that git has no memory for.
    await branch('side', 'main', { third: 'z\n' });
    await branch('mixed', 'main', { small: 'shown to nobody\n' });
    await tree.git('merge', '-q', '--no-commit', 'side');
    await branch('mixed', null, { big: `i${lines}j`, small: 'a\n' });
    const title = { title: 'renamed', sourceBranch: 'mixed', targetBranch: 'renamed' };
    const made = await server.api(ann, 'POST', `${repository.api}/merge-requests`, title);
    const { number } = (await made.json()) as { number: number };
    const at = `${repository.api}/merge-requests/${String(number)}/merge`;
    for (const style of ['rebase', 'merge']) {
      const refused = await server.api(ann, 'POST', at, { style });
      expect(refused.status).toBe(409);
      expect(JSON.stringify(await refused.json())).toContain('too large to be merged here');
    }
  });

  it('is told apart where only one of its files is too large for it [A-GIT-07]', async () => {
    const text = `${'x'.repeat(99)}\n`.repeat(45_000);
    const first = await branch('long', 'main', { long: text, small: 'a\n' });
    const second = await branch('longer', 'long', { long: `${text}y\n`, small: 'b\n' });
    const { files, patch, truncated } = await diffOf(first, second);
    expect(files.map(({ path: name, additions, tooLarge }) => [name, additions, tooLarge])).toEqual(
      [
        ['long', null, true],
        ['small', 1, undefined],
      ],
    );
    expect(patch).toContain('+b\n');
    expect(truncated).toBe(false);
  });

  it('is not searched for renames beyond some hundred files [A-GIT-07]', async () => {
    const named = (folder: string, last: string): Record<string, string> =>
      Object.fromEntries(
        Array.from({ length: 210 }, (_, at) => {
          return [
            `${folder}/${folder}-${String(at)}`,
            `${`line ${String(at)}\n`.repeat(20)}${last}\n`,
          ];
        }),
      );
    const first = await branch('before', 'main', named('old', 'a'));
    await tree.git('checkout', '-q', '-B', 'after', 'before');
    await tree.git('rm', '-rq', 'old');
    const second = await branch('after', null, named('new', 'b'));
    const { files } = await diffOf(first, second);
    expect(files.filter(({ oldPath }) => oldPath !== null).length).toBe(0);
    expect(files).toHaveLength(420);
  });
});

describe('names and messages that are longer than anybody reads', () => {
  /** Pushes a commit of one file, by git's own plumbing: its commands make no such name. @returns the commit */
  async function pushOdd(ref: string, name: string, message: string): Promise<string> {
    const held = async (content: string | Buffer): Promise<string> => {
      const file = path.join(scratch, 'held');
      await writeFile(file, content);
      return file;
    };
    const make = async (kind: string, content: string | Buffer): Promise<string> => {
      const words = ['hash-object', '-w', '-t', kind, '--literally', await held(content)];
      return (await tree.git(...words)).trim();
    };
    const blob = Buffer.from(await make('blob', 'x'), 'hex');
    const made = await make('tree', Buffer.concat([Buffer.from(`100644 ${name}\0`), blob]));
    const commit = (await tree.git('commit-tree', made, '-F', await held(message))).trim();
    await tree.git('push', '-q', 'origin', `${commit}:refs/heads/${ref}`);
    return commit;
  }

  it('are refused by whoever would list them, and hold up nobody [A-GIT-07]', async () => {
    const long = await pushOdd('names', 'n'.repeat(mebibyte), 'one file');
    for (const address of ['tree?ref=names', `commits/${long}`]) {
      const { status } = await server.api(ann, 'GET', `${repository.api}/${address}`);
      expect([address, status]).toEqual([address, 413]);
    }
    await pushOdd('words', 'file', 'w'.repeat(9 * mebibyte));
    const { status } = await server.api(ann, 'GET', `${repository.api}/commits?ref=words`);
    expect(status).toBe(413);
    const fine = await server.api(ann, 'GET', `${repository.api}/tree?ref=words`);
    expect(fine.status).toBe(200);
  });
});
