import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import {
  git,
  startGitServer,
  type GitServer,
  type TestRepository,
  type TestUser,
} from '../support/git-server.ts';

// Many git processes; a loaded machine takes its time.
jest.setTimeout(240_000);

let server: GitServer;
let ann: TestUser;
let repository: TestRepository;
let tree: WorkTree;
let canaryFile: string;
const canary = `canary-${randomBytes(12).toString('hex')}`;

beforeAll(async () => {
  server = await startGitServer();
  ann = await server.user('ann', 'developer');
  repository = await server.project(ann, 'hostile');
  tree = await makeWorkTree(repository.url, ann.token);
  await tree.write({ 'README.md': '# fine\n' });
  await tree.commit('first');
  await tree.git('push', '-q', 'origin', 'main');
  canaryFile = path.join(server.home, 'canary.txt');
  await writeFile(canaryFile, canary);
}, 240_000);

afterAll(async () => {
  await server.stop();
  await tree.remove();
});

function plumb(args: string[], input: string | Buffer): string {
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Eve',
    GIT_AUTHOR_EMAIL: 'eve@example.com',
    GIT_COMMITTER_NAME: 'Eve',
    GIT_COMMITTER_EMAIL: 'eve@example.com',
  };
  const done = spawnSync('git', args, { cwd: tree.dir, input, env });
  if (done.status !== 0) throw new Error(done.stderr.toString());
  return done.stdout.toString().trim();
}

interface Entry {
  mode: string;
  name: string | Buffer;
  sha: string;
}

function blob(content: string): string {
  return plumb(['hash-object', '-w', '--stdin'], content);
}

/** A tree object as bytes, with names that git itself would not write. */
function treeOf(entries: Entry[]): string {
  const bytes = entries.map(({ mode, name, sha }) =>
    Buffer.concat([
      Buffer.from(`${mode} `),
      Buffer.from(name as string),
      Buffer.from([0]),
      Buffer.from(sha, 'hex'),
    ]),
  );
  return plumb(['hash-object', '-w', '-t', 'tree', '--literally', '--stdin'], Buffer.concat(bytes));
}

function commitOf(entries: Entry[]): string {
  return plumb(['commit-tree', treeOf(entries), '-m', 'hostile'], '');
}

const file = (name: string | Buffer, content = 'x'): Entry => ({
  mode: '100644',
  name,
  sha: blob(content),
});
const link = (name: string, target: string): Entry => ({ mode: '120000', name, sha: blob(target) });
const dir = (name: string | Buffer, entries: Entry[]): Entry => ({
  mode: '40000',
  name,
  sha: treeOf(entries),
});
const modules = (text: string): Entry => file('.gitmodules', text);
const submodule = (name: string, section: string): Entry =>
  modules(`[submodule "${name}"]\n\tpath = sub\n${section}`);

function refusedTrees(): [string, Entry[]][] {
  return [
    ['.git as a file', [file('.git')]],
    ['.git/config', [dir('.git', [file('config', '[core]\n\tfsmonitor = id\n')])]],
    ['.GIT', [dir('.GIT', [file('config')])]],
    ['git~1', [dir('git~1', [file('config')])]],
    ['.g\u200cit', [dir('.g\u200cit', [file('config')])]],
    ['..', [dir('..', [file('x')])]],
    ['.', [dir('.', [file('x')])]],
    ['../x in one name', [file('../x')]],
    ['a/b in one name', [file('a/b')]],
    ['an empty name', [file('')]],
    ['a name twice', [file('a'), file('a', 'y')]],
    ['.gitmodules as a symlink', [link('.gitmodules', '/etc/passwd')]],
    ['submodule name with ../', [submodule('../../hooks', '\turl = https://x.test/a\n')]],
    ['submodule url with -u', [submodule('s', '\turl = -u./payload\n')]],
    [
      'submodule path with -',
      [modules('[submodule "s"]\n\tpath = -x\n\turl = https://x.test/a\n')],
    ],
    ['submodule update command', [submodule('s', '\turl = https://x.test/a\n\tupdate = !id\n')]],
    ['submodule ext:: url', [submodule('s', '\turl = ext::sh -c id\n')]],
    ['submodule file url', [submodule('s', '\turl = file:///etc\n')]],
    [
      'submodule path with CR',
      [modules('[submodule "s"]\n\tpath = "sub\r"\n\turl = https://x.test/a\n')],
    ],
    ['submodule url with newline', [submodule('s', '\turl = https://x.test/%0ahost=evil\n')]],
  ];
}

describe('hostile trees (D7)', () => {
  it('are refused in a push and leave nothing behind [A-GIT-09]', async () => {
    const trees = refusedTrees();
    for (const [what, entries] of trees) {
      const sha = commitOf(entries);
      const push = await git(tree.dir, ['push', 'origin', `${sha}:refs/heads/evil`], {
        token: ann.token,
      });
      expect({ what, refused: push.code !== 0 }).toEqual({ what, refused: true });
      expect({
        what,
        there: (await git(repository.dir, ['cat-file', '-e', sha])).code,
      }).not.toMatchObject({ there: 0 });
    }
    expect(trees).toHaveLength(20);
    const refs = await git(repository.dir, ['for-each-ref', '--format=%(refname)']);
    expect(refs.stdout.trim()).toBe('refs/heads/main');
    expect((await git(repository.dir, ['fsck', '--strict'])).code).toBe(0);
    expect(server.errors).toEqual([]);
  }, 240_000);

  it('may hold symlinks, which are shown as their text and never followed [A-GIT-07] [A-GIT-09]', async () => {
    const up = `${'../'.repeat(20)}${canaryFile.slice(1)}`;
    const sha = commitOf([
      link('README.md', canaryFile),
      link('absolute', canaryFile),
      link('passwd', '/etc/passwd'),
      link('root', '/'),
      link('up', up),
    ]);
    const push = await git(tree.dir, ['push', '-q', 'origin', `${sha}:refs/heads/links`], {
      token: ann.token,
    });
    expect(push.code).toBe(0);
    const get = (address: string) => server.api(ann, 'GET', `${repository.api}/${address}`);
    const view = (await (await get('files?ref=links&path=absolute')).json()) as object;
    expect(view).toMatchObject({ kind: 'symlink', text: canaryFile });
    expect(await (await get('raw?ref=links&path=up')).text()).toBe(up);
    expect((await get('readme?ref=links')).status).toBe(404);
    const inside = encodeURIComponent(`root${canaryFile}`);
    const answers = [
      ...[
        'absolute',
        'up',
        'passwd',
        'root',
        'README.md',
        inside,
        'root/etc/passwd',
        'passwd/x',
      ].flatMap((name) => [
        `files?ref=links&path=${name}`,
        `raw?ref=links&path=${name}`,
        `tree?ref=links&path=${name}`,
        `commits?ref=links&path=${name}`,
      ]),
      'tree?ref=links',
      'readme?ref=links',
      'archive?ref=links',
      'archive?ref=links&format=zip',
      'diff?from=main&to=links',
      `commits/${sha}`,
    ];
    let looked = 0;
    for (const address of answers) {
      const answer = await get(address);
      const bytes = Buffer.from(await answer.arrayBuffer());
      const plain = bytes[0] === 0x1f ? gunzipSync(bytes) : bytes;
      expect({ address, status: answer.status < 500 }).toEqual({ address, status: true });
      expect({ address, leaks: plain.includes(canary) || plain.includes('root:x:0') }).toEqual({
        address,
        leaks: false,
      });
      looked += 1;
    }
    expect(looked).toBe(38);
    expect(server.errors).toEqual([]);
  }, 240_000);

  it('may hold submodules, which are shown and not fetched [A-GIT-07]', async () => {
    const commit = (await tree.git('rev-parse', 'HEAD')).trim();
    const sha = commitOf([
      submodule('s', '\turl = https://x.test/a.git\n'),
      { mode: '160000', name: 'sub', sha: commit },
    ]);
    const push = await git(tree.dir, ['push', '-q', 'origin', `${sha}:refs/heads/sub`], {
      token: ann.token,
    });
    expect(push.code).toBe(0);
    const view = await server.api(ann, 'GET', `${repository.api}/files?ref=sub&path=sub`);
    expect(await view.json()).toMatchObject({ kind: 'submodule', sha: commit, text: null });
    expect((await server.api(ann, 'GET', `${repository.api}/raw?ref=sub&path=sub`)).status).toBe(
      404,
    );
  });

  it('would come in without the object check: the mutant is seen', async () => {
    const unchecked = path.join(server.home, 'git-without-fsck');
    const off = '-c receive.fsckObjects=false -c transfer.fsckObjects=false';
    await writeFile(unchecked, `#!/bin/sh\nexec git ${off} "$@"\n`);
    await chmod(unchecked, 0o755);
    const mutant = await startGitServer({ store: { gitPath: unchecked } });
    const eve = await mutant.user('eve', 'developer');
    const open = await mutant.project(eve, 'open');
    const sha = commitOf([dir('.GIT', [file('config')])]);
    const push = await git(tree.dir, ['push', open.url, `${sha}:refs/heads/evil`], {
      token: eve.token,
    });
    expect(push.code).toBe(0);
    await mutant.stop();
  }, 240_000);

  it('keeps its answers small for a tree of 200,000 entries', async () => {
    const one = blob('x');
    const lines = Array.from(
      { length: 200_000 },
      (_, n) => `100644 blob ${one}\tf${String(n).padStart(7, '0')}\n`,
    );
    const wide = plumb(['mktree'], lines.join(''));
    const sha = plumb(['commit-tree', wide, '-m', 'wide'], '');
    const push = await git(tree.dir, ['push', '-q', 'origin', `${sha}:refs/heads/wide`], {
      token: ann.token,
    });
    expect(push.code).toBe(0);
    const answer = await server.api(ann, 'GET', `${repository.api}/tree?ref=wide`);
    const page = (await answer.json()) as { items: unknown[]; nextCursor: string };
    expect(page.items).toHaveLength(1000);
    expect(page.nextCursor).not.toBeNull();
    const file = await server.api(ann, 'GET', `${repository.api}/files?ref=wide&path=f0199999`);
    expect(file.status).toBe(200);
  }, 240_000);
});

/** Status of a request of git's, over a socket of its own; null where the server broke off. */
async function gitStatus(service: string, encoding: string, body: Buffer): Promise<number | null> {
  return await new Promise((resolve) => {
    const asked = request(`${repository.url}/git-${service}`, {
      method: 'POST',
      agent: false,
      headers: {
        authorization: `Bearer ${ann.token}`,
        'content-type': `application/x-git-${service}-request`,
        ...(encoding === '' ? {} : { 'content-encoding': encoding }),
      },
    });
    asked.once('response', (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.once('error', () => {
      resolve(null);
    });
    asked.end(body);
  });
}

describe('broken bodies', () => {
  it('are refused at every door of git, and the process that took them lives on [A-GIT-09]', async () => {
    const whole = gzipSync(Buffer.from('0000'.repeat(100)));
    const bodies = [whole.subarray(0, 20), whole.subarray(0, -8), Buffer.from('no gzip at all')];
    const said: unknown[] = [];
    for (const service of ['upload-pack', 'receive-pack']) {
      for (const body of [...bodies, Buffer.alloc(0)]) {
        said.push(await gitStatus(service, 'gzip', body));
      }
      said.push(await gitStatus(service, '', Buffer.from('not a packet line')));
    }
    // an error that nobody listens to would end the process a moment later
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(said.filter((status) => typeof status === 'number' && status >= 500)).toEqual([]);
    expect(said.slice(0, 3)).toEqual([400, 400, 400]);
    expect(server.errors).toEqual([]);
    const clone = await git(tree.dir, ['ls-remote', 'origin'], { token: ann.token });
    expect(clone.code).toBe(0);
  });
});
