import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import {
  gitBytes,
  startGitServer,
  type GitServer,
  type TestRepository,
  type TestUser,
} from '../support/git-server.ts';

// Many git processes; a loaded machine takes its time.
jest.setTimeout(240_000);

let server: GitServer;
let ann: TestUser;
let stranger: TestUser;

beforeAll(async () => {
  server = await startGitServer();
  ann = await server.user('ann', 'developer');
  stranger = await server.user('sam');
}, 240_000);

afterAll(async () => {
  await server.stop();
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

async function json<T>(answer: Response): Promise<T> {
  expect(answer.headers.get('content-type')).toContain('application/json');
  return (await answer.json()) as T;
}

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
    const tagged = await json<{ items: { name: string }[] }>(await get('/tree?ref=v1'));
    expect(tagged.items.map((entry) => entry.name)).toEqual(
      names.filter((name) => name !== 'logo.png'),
    );
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
    // it came after the tag: what is shown is of the ref that was asked for
    for (const part of ['raw', 'files']) {
      expect((await get(`/${part}?ref=v1&path=logo.png`)).status).toBe(404);
    }
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
