import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { GitPushedPayload } from '../../contracts/event/types.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import {
  git,
  gitBytes,
  startGitServer,
  type GitServer,
  type TestRepository,
  type TestUser,
} from '../support/git-server.ts';

let server: GitServer;
let ann: TestUser;
let viewer: TestUser;
let stranger: TestUser;
let scratch: string;

beforeAll(async () => {
  server = await startGitServer();
  ann = await server.user('ann', 'developer');
  viewer = await server.user('vera', 'viewer');
  stranger = await server.user('sam');
  scratch = await mkdtemp(path.join(tmpdir(), 'slipway-clones-'));
}, 120_000);

afterAll(async () => {
  await server.stop();
  await rm(scratch, { recursive: true, force: true });
});

interface Pushed {
  repository: TestRepository;
  tree: WorkTree;
  sha: string;
}

async function pushedProject(
  name: string,
  files: Record<string, string> = { 'README.md': '# Hello\n' },
  more: Record<string, unknown> = {},
): Promise<Pushed> {
  const repository = await server.project(ann, name, more);
  const tree = await makeWorkTree(repository.url, ann.token);
  await tree.write(files);
  const sha = await tree.commit('first');
  await tree.git('push', '--quiet', 'origin', 'main');
  return { repository, tree, sha };
}

function eventsOf(projectId: string, type: string) {
  return server.db.event.findMany({ where: { projectId, type }, orderBy: { id: 'asc' } });
}

async function json<T>(answer: Response): Promise<T> {
  expect(answer.headers.get('content-type')).toContain('application/json');
  return (await answer.json()) as T;
}

describe('git over HTTP', () => {
  it('serves stock clone, push and fetch, protocol 0 and 2, and shallow clones [A-GIT-01]', async () => {
    const { repository, tree, sha } = await pushedProject('flow', {
      'src/a.ts': 'export {};\n',
      'big.bin': randomBytes(200_000).toString('base64'),
    });
    for (const version of ['0', '2']) {
      const args = ['-c', `protocol.version=${version}`, 'clone', '-q', repository.url];
      const clone = await git(scratch, [...args, `flow${version}`], { token: ann.token });
      expect(clone.stderr).toBe('');
      const cwd = path.join(scratch, `flow${version}`);
      expect((await git(cwd, ['rev-parse', 'HEAD'])).stdout.trim()).toBe(sha);
      expect((await git(cwd, ['fsck', '--strict'])).code).toBe(0);
    }
    await tree.write({ 'src/b.ts': 'export {};\n' });
    const second = await tree.commit('second');
    await tree.git('push', '--quiet', 'origin', 'main', 'HEAD:refs/tags/v1');
    const clone = path.join(scratch, 'flow2');
    expect((await git(clone, ['fetch', '-q'], { token: ann.token })).code).toBe(0);
    expect((await git(clone, ['rev-parse', 'origin/main'])).stdout.trim()).toBe(second);
    const args = ['clone', '-q', '--depth', '1', repository.url, 'shallow'];
    expect((await git(scratch, args, { token: ann.token })).code).toBe(0);
    const count = await git(path.join(scratch, 'shallow'), ['rev-list', '--count', 'HEAD']);
    expect(count.stdout.trim()).toBe('1');
    expect(server.errors).toEqual([]);
    await tree.remove();
  });

  it('takes a fetch whose request is gzipped because it names many commits [A-GIT-01]', async () => {
    const { repository, tree } = await pushedProject('many');
    const args = ['clone', '-q', repository.url, 'many'];
    expect((await git(scratch, args, { token: ann.token })).code).toBe(0);
    const clone = path.join(scratch, 'many');
    for (let n = 0; n < 150; n += 1)
      await git(clone, ['commit', '-q', '--allow-empty', '-m', `${n}`]);
    await tree.write({ later: 'yes' });
    await tree.commit('later');
    await tree.git('push', '-q', 'origin', 'main');
    const fetch = await git(clone, ['fetch'], {
      token: ann.token,
      env: { GIT_TRACE_CURL: '1', GIT_TRACE_CURL_NO_DATA: '1' },
    });
    expect(fetch.code).toBe(0);
    expect(fetch.stderr.toLowerCase()).toContain('content-encoding: gzip');
    await tree.remove();
  });

  it('keeps objects on disk and only their description in the database [A-GIT-02]', async () => {
    const secretWord = `needle-${randomBytes(8).toString('hex')}`;
    const { repository, tree, sha } = await pushedProject('disk', { 'n.txt': secretWord });
    const blob = await gitBytes(repository.dir, ['cat-file', 'blob', `${sha}:n.txt`]);
    expect(blob.toString()).toBe(secretWord);
    const tables = await server.db.$queryRaw<{ name: string }[]>`
      SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`;
    expect(tables.length).toBeGreaterThan(10);
    for (const { name } of tables) {
      const rows = await server.db.$queryRawUnsafe<unknown[]>(
        `SELECT 1 FROM "${name}" t WHERE t::text LIKE '%${secretWord}%'`,
      );
      expect({ name, rows: rows.length }).toEqual({ name, rows: 0 });
    }
    await tree.remove();
  });

  it('refuses the push of a reader before any ref moves, and lets a developer push [A-GIT-03]', async () => {
    const { repository, tree, sha } = await pushedProject('writers', undefined, {
      visibility: 'internal',
    });
    await tree.write({ more: '1' });
    const next = await tree.commit('more');
    const refused = await git(tree.dir, ['push', 'origin', 'main'], { token: viewer.token });
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('project:write');
    expect((await gitBytes(repository.dir, ['rev-parse', 'main'])).toString().trim()).toBe(sha);
    expect((await git(repository.dir, ['cat-file', '-e', next])).code).not.toBe(0);
    const [event] = await eventsOf(repository.id, 'git.push_refused');
    expect(event?.actorId).toBe(viewer.id);
    const audit = await server.db.auditEntry.findFirst({
      where: { action: 'git.push_refused', projectId: repository.id },
    });
    expect(audit?.actorName).toBe('vera');
    await tree.git('push', '-q', 'origin', 'main');
    expect((await gitBytes(repository.dir, ['rev-parse', 'main'])).toString().trim()).toBe(next);
    await tree.remove();
  });

  it('asks the anonymous to sign in to a private project and hides it from strangers [A-GIT-04]', async () => {
    const { repository, tree } = await pushedProject('private');
    const refs = `/ann/private.git/info/refs?service=git-upload-pack`;
    const anonymous = await server.api(null, 'GET', refs);
    expect(anonymous.status).toBe(401);
    expect(anonymous.headers.get('www-authenticate')).toMatch(/^Basic /);
    const absent = await server.api(null, 'GET', refs.replace('private', 'absent'));
    expect(absent.status).toBe(401);
    expect((await server.api(stranger, 'GET', refs)).status).toBe(404);
    const body = await server.api(stranger, 'POST', '/ann/private.git/git-upload-pack');
    expect(body.status).toBe(404);
    const clone = await git(scratch, ['clone', '-q', repository.url, 'p'], { token: viewer.token });
    expect(clone.code).toBe(0);
    await tree.remove();
  });

  it('lets anybody clone a public project and nobody push without signing in [A-GIT-04]', async () => {
    const { repository, tree } = await pushedProject('open', undefined, { visibility: 'public' });
    expect((await git(scratch, ['clone', '-q', repository.url, 'open'])).code).toBe(0);
    const push = await git(tree.dir, ['push', 'origin', 'main:other']);
    expect(push.code).not.toBe(0);
    expect(push.stderr).toMatch(/Authentication failed|could not read Username/);
    await tree.remove();
  });

  it('takes an API token as Basic password, Basic name and Bearer; a revoked one fails [A-GIT-05]', async () => {
    const { repository, tree } = await pushedProject('tokens');
    const tom = await server.user('tom', 'developer');
    const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;
    const headers = [basic(`x:${tom.token}`), basic(`${tom.token}:`), `Bearer ${tom.token}`];
    const list = (header: string) =>
      git(scratch, [
        '-c',
        `http.extraHeader=Authorization: ${header}`,
        'ls-remote',
        repository.url,
      ]);
    for (const header of headers) expect((await list(header)).stdout).toContain('refs/heads/main');
    await server.db.apiToken.deleteMany({ where: { userId: tom.id } });
    for (const header of headers) expect((await list(header)).code).not.toBe(0);
    await tree.remove();
  });

  it('announces a push with its change id after the refs moved, and a refused one not at all [A-GIT-06]', async () => {
    const { repository, tree, sha } = await pushedProject('announced');
    const [event] = await eventsOf(repository.id, 'git.pushed');
    const payload = event?.payload as unknown as GitPushedPayload;
    const zero = '0'.repeat(40);
    expect(payload).toMatchObject({
      pusherId: ann.id,
      pusherName: 'ann',
      updates: [{ ref: 'refs/heads/main', oldSha: zero, newSha: sha }],
    });
    const push = await server.db.push.findUniqueOrThrow({ where: { id: payload.pushId } });
    expect(event).toMatchObject({ subjectId: push.id, changeId: push.changeId, actorId: ann.id });
    await tree.write({ x: '1' });
    await tree.commit('x');
    const shown = await tree.git('push', 'origin', 'main');
    const second = await server.db.push.findFirstOrThrow({
      where: { projectId: repository.id },
      orderBy: { createdAt: 'desc' },
    });
    expect(shown).toContain(`remote: Change ${second.changeId}`);
    expect(shown).toContain('/ann/announced/pipelines');
    const refused = await git(tree.dir, ['push', 'origin', 'HEAD:x'], { token: viewer.token });
    expect(refused.code).not.toBe(0);
    expect(await eventsOf(repository.id, 'git.pushed')).toHaveLength(2);
    await tree.remove();
  });

  it('makes the first pushed branch the default one where HEAD would point at nothing [A-GIT-01]', async () => {
    const repository = await server.project(ann, 'trunk-based');
    const tree = await makeWorkTree(repository.url, ann.token);
    await tree.write({ a: '1' });
    const sha = await tree.commit('first');
    await tree.git('push', '-q', 'origin', 'main:trunk');
    const project = await server.db.project.findUniqueOrThrow({ where: { id: repository.id } });
    expect(project.defaultBranch).toBe('trunk');
    await git(scratch, ['clone', '-q', repository.url, 'trunk'], { token: ann.token });
    const head = await git(path.join(scratch, 'trunk'), ['rev-parse', 'HEAD']);
    expect(head.stdout.trim()).toBe(sha);
    await tree.remove();
  });
});

describe('protected branches', () => {
  async function protectedProject(name: string, rule: Record<string, unknown>): Promise<Pushed> {
    const pushed = await pushedProject(name);
    const answer = await server.api(ann, 'POST', `${pushed.repository.api}/protected-branches`, {
      pattern: 'main',
      ...rule,
    });
    expect(answer.status).toBe(201);
    return pushed;
  }

  it('refuse direct, forced and deleting pushes, whatever the case of the name [A-GIT-03]', async () => {
    const { repository, tree, sha } = await protectedProject('guarded', {});
    await tree.write({ b: '1' });
    await tree.commit('b');
    for (const refspec of ['main', '+main', ':main', 'main:Main', 'main:MAIN']) {
      const push = await git(tree.dir, ['push', 'origin', refspec], { token: ann.token });
      expect({ refspec, refused: push.code !== 0 }).toEqual({ refspec, refused: true });
    }
    expect(
      (await git(tree.dir, ['push', '-q', 'origin', 'main:free'], { token: ann.token })).code,
    ).toBe(0);
    const refs = await gitBytes(repository.dir, ['for-each-ref', '--format=%(refname)']);
    expect(refs.toString().trim().split('\n')).toEqual(['refs/heads/free', 'refs/heads/main']);
    expect((await gitBytes(repository.dir, ['rev-parse', 'main'])).toString().trim()).toBe(sha);
    await tree.remove();
  });

  it('let writers push forward only, where the rule says so [A-GIT-03]', async () => {
    const { tree } = await protectedProject('forward', { allowWriters: true });
    await tree.write({ b: '1' });
    await tree.commit('b');
    const push = (...args: string[]) =>
      git(tree.dir, ['push', 'origin', ...args], { token: ann.token });
    expect((await push('main')).code).toBe(0);
    await tree.git('commit', '--amend', '-q', '-m', 'rewritten');
    const forced = await push('+main');
    expect(forced.code).not.toBe(0);
    expect(forced.stderr).toContain('rewritten');
    await tree.remove();
  });

  it('refuse the whole push when one of its refs is protected [A-GIT-03]', async () => {
    const { repository, tree } = await protectedProject('whole', {});
    await tree.write({ b: '1' });
    await tree.commit('b');
    const push = await git(tree.dir, ['push', 'origin', 'main', 'main:side'], { token: ann.token });
    expect(push.code).not.toBe(0);
    expect((await git(repository.dir, ['rev-parse', '-q', '--verify', 'side'])).code).not.toBe(0);
    await tree.remove();
  });
});

describe('the repository browser', () => {
  let pushed: Pushed;
  const binary = Buffer.from([0, 1, 2, 255, 254, 10, 0]);

  beforeAll(async () => {
    pushed = await pushedProject('browse', {
      'README.md': '# Browse\n',
      'docs/a.md': '# Docs page\n',
      'src/deep/er.ts': 'export const one = 1;\n',
      'page.html': '<script>alert(1)</script>\n',
      'größe ü.txt': 'utf8 ✓\n',
    });
    await writeFile(path.join(pushed.tree.dir, 'logo.png'), binary);
    await pushed.tree.git('tag', '-a', 'v1', '-m', 'version one');
    pushed.sha = await pushed.tree.commit('second');
    await pushed.tree.git('push', '-q', 'origin', 'main', 'v1', 'main:feature/x');
  });

  afterAll(() => pushed.tree.remove());

  const get = (address: string) => server.api(ann, 'GET', `${pushed.repository.api}${address}`);

  it('lists branches with the default one first, and tags [A-GIT-07]', async () => {
    const branches = await json<{ items: { name: string; sha: string; isDefault: boolean }[] }>(
      await get('/branches'),
    );
    expect(branches.items.map(({ name, sha, isDefault }) => ({ name, sha, isDefault }))).toEqual([
      { name: 'main', sha: pushed.sha, isDefault: true },
      { name: 'feature/x', sha: pushed.sha, isDefault: false },
    ]);
    const tags = await json<{ items: { name: string; sha: string }[] }>(await get('/tags'));
    const tagged = await gitBytes(pushed.repository.dir, ['rev-parse', 'v1^{commit}']);
    expect(tags.items).toMatchObject([
      { name: 'v1', sha: tagged.toString().trim(), annotated: true },
    ]);
  });

  it('shows the tree at branch, tag and commit, and pages it [A-GIT-07]', async () => {
    const listed = await gitBytes(pushed.repository.dir, ['ls-tree', '--name-only', '-z', 'main']);
    const names = listed.toString().split('\0').filter(Boolean);
    for (const ref of [
      'main',
      'feature/x',
      'refs/heads/main',
      pushed.sha,
      pushed.sha.slice(0, 9),
    ]) {
      const tree = await json<{ items: { name: string }[] }>(
        await get(`/tree?ref=${encodeURIComponent(ref)}`),
      );
      expect(tree.items.map((entry) => entry.name)).toEqual(names);
    }
    const paged: string[] = [];
    for (let address = '/tree?limit=2'; address !== '';) {
      const page = await json<{ items: { name: string }[]; nextCursor: string | null }>(
        await get(address),
      );
      expect(page.items.length).toBeLessThanOrEqual(2);
      paged.push(...page.items.map((entry) => entry.name));
      address = page.nextCursor === null ? '' : `/tree?limit=2&cursor=${page.nextCursor}`;
    }
    expect(paged).toEqual(names);
    const deep = await json<{ items: unknown[] }>(await get('/tree?ref=v1&path=src/deep'));
    expect(deep.items).toMatchObject([
      { name: 'er.ts', path: 'src/deep/er.ts', kind: 'file', size: 22 },
    ]);
  });

  it('gives the very bytes of a file that git shows [A-GIT-07]', async () => {
    for (const file of ['logo.png', 'größe ü.txt', 'src/deep/er.ts']) {
      const answer = await get(`/raw?ref=main&path=${encodeURIComponent(file)}`);
      expect(answer.status).toBe(200);
      const shown = await gitBytes(pushed.repository.dir, ['show', `main:${file}`]);
      expect(Buffer.from(await answer.arrayBuffer()).equals(shown)).toBe(true);
    }
    const view = await json<{ text: string; language: string; binary: boolean }>(
      await get('/files?path=src/deep/er.ts'),
    );
    expect(view).toMatchObject({
      text: 'export const one = 1;\n',
      language: 'typescript',
      binary: false,
    });
    const logo = await json<{ text: null; binary: boolean }>(await get('/files?path=logo.png'));
    expect(logo).toMatchObject({ text: null, binary: true, size: binary.length });
  });

  it('never lets a file of a repository run as a page [A-GIT-07]', async () => {
    const html = await get('/raw?path=page.html');
    expect(html.headers.get('content-disposition')).toMatch(/^attachment/);
    expect(html.headers.get('content-security-policy')).toContain('sandbox');
    expect(html.headers.get('x-content-type-options')).toBe('nosniff');
    expect(html.headers.get('content-type')).not.toContain('html');
  });

  it('serves docs/*.md and the README from the repository [A-PROJ-08]', async () => {
    const docs = await json<{ items: { name: string }[] }>(await get('/tree?path=docs'));
    expect(docs.items.map((entry) => entry.name)).toEqual(['a.md']);
    expect(await json(await get('/files?path=docs/a.md'))).toMatchObject({
      text: '# Docs page\n',
      language: 'markdown',
    });
    expect(await json(await get('/readme'))).toMatchObject({
      path: 'README.md',
      text: '# Browse\n',
    });
  });

  it('shows history, a commit with its patch, and a diff [A-GIT-07]', async () => {
    const log = await json<{ items: { sha: string; subject: string }[] }>(await get('/commits'));
    expect(log.items.map((commit) => commit.subject)).toEqual(['second', 'first']);
    const touched = await json<{ items: { subject: string }[] }>(
      await get('/commits?path=logo.png'),
    );
    expect(touched.items.map((commit) => commit.subject)).toEqual(['second']);
    const commit = await json<{ diff: { files: unknown[]; patch: string } }>(
      await get(`/commits/${log.items[1]?.sha ?? ''}`),
    );
    expect(commit.diff.patch).toContain('+# Docs page');
    const diff = await json<{ diff: { files: unknown[] } }>(await get('/diff?from=v1&to=main'));
    expect(diff.diff.files).toEqual([
      { path: 'logo.png', oldPath: null, additions: null, deletions: null },
    ]);
  });

  it('streams archives that hold the files [A-GIT-07]', async () => {
    const tar = await get('/archive?ref=main&format=tar.gz');
    const bytes = gunzipSync(Buffer.from(await tar.arrayBuffer()));
    expect(bytes.includes('export const one = 1;')).toBe(true);
    const zip = await get('/archive?format=zip');
    expect(
      Buffer.from(await zip.arrayBuffer())
        .subarray(0, 2)
        .toString(),
    ).toBe('PK');
  });

  it('answers an empty repository with empty lists [A-GIT-07]', async () => {
    const empty = await server.project(ann, 'empty');
    for (const list of ['branches', 'tags', 'commits', 'tree']) {
      const answer = await json<{ items: unknown[] }>(
        await server.api(ann, 'GET', `${empty.api}/${list}`),
      );
      expect(answer.items).toEqual([]);
    }
    expect((await server.api(ann, 'GET', `${empty.api}/readme`)).status).toBe(404);
    expect((await server.api(ann, 'GET', `${empty.api}/archive`)).status).toBe(404);
  });

  const badPaths = [
    '../etc/passwd',
    '..',
    'a/../b',
    '/etc/passwd',
    './a',
    'a//b',
    'a\0b',
    'a\nb',
    '.',
  ];
  const badRefs = [
    '-x',
    '--upload-pack=x',
    '--output=/x',
    'a..b',
    'main~1',
    'main^{tree}',
    'main:README.md',
    '@{u}',
    'a b',
    '$(id)',
    'x\0y',
    'refs/../x',
  ];

  it.each(badPaths)('refuses the path %j with 400 [A-GIT-09]', async (bad) => {
    for (const part of ['tree', 'files', 'raw', 'commits']) {
      const answer = await get(`/${part}?path=${encodeURIComponent(bad)}`);
      expect({ part, status: answer.status }).toEqual({ part, status: 400 });
      expect(answer.headers.get('content-type')).toContain('problem+json');
    }
  });

  it.each(badRefs)('refuses the ref %j with 400 [A-GIT-09]', async (bad) => {
    const ref = encodeURIComponent(bad);
    const addresses = [
      'tree?ref=',
      'files?path=README.md&ref=',
      'raw?path=README.md&ref=',
      'commits?ref=',
      'archive?ref=',
      'readme?ref=',
      'diff?to=main&from=',
      'diff?from=main&to=',
    ];
    for (const address of addresses) {
      const answer = await get(`/${address}${ref}`);
      expect({ address, status: answer.status }).toEqual({ address, status: 400 });
    }
  });

  it('answers 404 for what is not there, and shows nothing of a private repository [A-GIT-09]', async () => {
    for (const address of [
      '/files?path=nope',
      '/tree?ref=nope',
      '/commits/0123456789abcdef',
      '/tree?path=README.md',
      '/files?path=docs',
    ]) {
      expect({ address, status: (await get(address)).status }).toEqual({ address, status: 404 });
    }
    for (const part of [
      'branches',
      'tree',
      'files?path=README.md',
      'raw?path=README.md',
      'archive',
      'commits',
      'readme',
      'diff?from=main&to=v1',
      'tags',
    ]) {
      const address = `${pushed.repository.api}/${part}`;
      expect((await server.api(stranger, 'GET', address)).status).toBe(404);
      expect((await server.api(null, 'GET', address)).status).toBe(401);
    }
  });

  it('has logged no error by now', async () => {
    expect(server.errors).toEqual([]);
    await readFile(path.join(server.home, 'hooks/pre-receive'));
  });
});
