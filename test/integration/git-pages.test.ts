import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { splitPatch } from '../../web/src/lib/split-patch.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import {
  startGitServer,
  type GitServer,
  type TestRepository,
  type TestUser,
} from '../support/git-server.ts';

jest.setTimeout(240_000);

const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>\n';

describe('what a reader sees of a repository', () => {
  let server: GitServer;
  let ann: TestUser;
  let repository: TestRepository;
  let tree: WorkTree;

  const get = (address: string) => server.api(ann, 'GET', `${repository.api}${address}`);
  const json = async <T>(address: string): Promise<T> => (await (await get(address)).json()) as T;

  /** A branch with these files alone; a text that begins with `-> ` makes a symlink. */
  async function branch(name: string, files: Record<string, string>): Promise<void> {
    await tree.git('checkout', '--quiet', '--orphan', name);
    await tree.git('rm', '-r', '-f', '-q', '--ignore-unmatch', '.');
    for (const [file, text] of Object.entries(files)) {
      const place = path.join(tree.dir, file);
      await mkdir(path.dirname(place), { recursive: true });
      if (text.startsWith('-> ')) await symlink(text.slice(3), place);
      else await writeFile(place, text);
    }
    await tree.commit(name);
    await tree.git('push', '--quiet', 'origin', name);
  }

  beforeAll(async () => {
    server = await startGitServer();
    ann = await server.user('ann', 'developer');
    repository = await server.project(ann, 'pages');
    tree = await makeWorkTree(repository.url, ann.token);
    await tree.write({ 'first.txt': 'first\n' });
    await tree.commit('first');
    await tree.git('push', '--quiet', 'origin', 'main');
  }, 240_000);

  afterAll(async () => {
    await tree.remove();
    await server.stop();
  });

  const readmes: [string, Record<string, string>, string][] = [
    ['README.md', { 'README.md': 'A\n', 'docs/README.md': 'B\n' }, 'README.md'],
    [
      '.github before the root and docs',
      { 'docs/README.md': 'B\n', '.github/README.md': 'A\n', 'README.md': 'C\n' },
      '.github/README.md',
    ],
    ['docs alone', { 'docs/readme.md': 'A\n' }, 'docs/readme.md'],
    ['a symlink', { 'docs/README.md': 'A\n', 'README.md': '-> docs/README.md' }, 'docs/README.md'],
    ['a plain one', { README: 'A\n' }, 'README'],
    ['a text', { 'readme.txt': 'A\n' }, 'readme.txt'],
    ['another markup', { 'ReadMe.rst': 'A\n' }, 'ReadMe.rst'],
    ['Markdown before others', { README: 'B\n', 'Readme.markdown': 'A\n' }, 'Readme.markdown'],
  ];

  it.each(readmes)('shows the README: %s [A-PROJ-08]', async (name, files, wanted) => {
    const ref = `readme-${name.replaceAll(/\W/g, '-')}`;
    await branch(ref, files);
    expect(await json(`/readme?ref=${ref}`)).toMatchObject({ path: wanted, text: 'A\n', ref });
  });

  it('shows the README of a folder, and none that leads out of the repository', async () => {
    await branch('folders', {
      'lib/README.md': 'of lib\n',
      'README.md': '-> ../../../etc/hostname',
      'docs/readme.md': '-> /etc/hostname',
      'a/README': '-> ../b/README',
      'b/README': '-> ../a/README',
    });
    expect(await json('/readme?ref=folders&path=lib')).toMatchObject({ text: 'of lib\n' });
    expect((await get('/readme?ref=folders')).status).toBe(404);
    expect((await get('/readme?ref=folders&path=a')).status).toBe(404);
    expect((await get('/readme?ref=folders&path=..')).status).toBe(400);
  });

  it('lists a folder of thousands to its end, and finds its README behind them', async () => {
    const names = Array.from({ length: 2100 }, (_, index) => `f${String(index).padStart(4, '0')}`);
    await branch('many', {
      ...Object.fromEntries(names.map((name) => [name, ''])),
      'readme.md': 'here\n',
    });
    const found: string[] = [];
    for (let address = '/tree?ref=many'; address !== '';) {
      const page = await json<{ items: { name: string }[]; nextCursor: string | null }>(address);
      found.push(...page.items.map((entry) => entry.name));
      address = page.nextCursor === null ? '' : `/tree?ref=many&cursor=${page.nextCursor}`;
    }
    expect(found).toEqual([...names, 'readme.md']);
    expect(await json('/readme?ref=many')).toMatchObject({ text: 'here\n' });
  });

  it('gives the text of a file with every character it has, a byte order mark too', async () => {
    const text = '\ufeff\r\n  two\t \r\nlast';
    await branch('bytes', { 'a.txt': text });
    expect(await json('/files?ref=bytes&path=a.txt')).toMatchObject({ text });
  });

  it('says of a text that is not UTF-8 that it is not', async () => {
    await branch('latin', { 'a.txt': 'x\n' });
    await writeFile(path.join(tree.dir, 'b.txt'), Buffer.from('caf\xe9\n', 'latin1'));
    await tree.commit('latin');
    await tree.git('push', '--quiet', 'origin', 'latin');
    expect(await json('/files?ref=latin&path=b.txt')).toMatchObject({ text: 'caf\ufffd\n' });
    expect(await json('/files?ref=latin&path=b.txt')).toMatchObject({ lossy: true });
    expect(await json('/files?ref=latin&path=a.txt')).toMatchObject({ lossy: false });
  });

  it('serves a picture of SVG as one, and lets nothing in it run', async () => {
    await branch('pictures', { 'logo.svg': svg, 'a.xml': svg });
    const answer = await get('/raw?ref=pictures&path=logo.svg');
    expect(answer.headers.get('content-type')).toBe('image/svg+xml');
    expect(answer.headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    );
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment/);
    expect(await answer.text()).toBe(svg);
    const xml = await get('/raw?ref=pictures&path=a.xml');
    expect(xml.headers.get('content-type')).toBe('application/octet-stream');
  });

  it('tells each file of a diff apart, one that became a symlink too', async () => {
    await branch('kinds', { a: 'one\n', b: 'two\n', c: 'three\n' });
    await tree.git('rm', '-q', 'b');
    await symlink('a', path.join(tree.dir, 'b'));
    await tree.write({ c: 'four\n' });
    await tree.commit('kinds');
    await tree.git('push', '--quiet', 'origin', 'kinds');
    const { diff } = await json<{ diff: { files: { path: string }[]; patch: string } }>(
      '/commits/kinds',
    );
    expect(diff.files.map((file) => file.path)).toEqual(['b', 'c']);
    const [ofB, ofC] = splitPatch(diff.patch);
    expect(ofB).toContain('-two');
    expect(ofC).toContain('+four');
  });

  describe('compressed', () => {
    const take = (address: string, encoding: string, headers: Record<string, string> = {}) =>
      server.api(ann, 'GET', repository.api + address, undefined, {
        'accept-encoding': encoding,
        ...headers,
      });

    it('sends JSON as gzip to whoever takes it, the same bytes in fewer', async () => {
      const packed = await take('/tree?ref=many', 'gzip, br');
      expect(packed.headers.get('content-encoding')).toBe('gzip');
      expect(packed.headers.get('vary')).toContain('accept-encoding');
      expect(Number(packed.headers.get('content-length'))).toBeLessThan(50_000);
      const text = await packed.text();
      expect(text.length).toBeGreaterThan(100_000);
      for (const refusing of ['identity', 'gzip;q=0', 'br']) {
        const plain = await take('/tree?ref=many', refusing);
        expect(plain.headers.get('content-encoding')).toBeNull();
        expect(plain.headers.get('vary')).toContain('accept-encoding');
        expect(await plain.text()).toBe(text);
      }
    });

    it('leaves alone what is short, what was made, what git says and what a file holds', async () => {
      expect((await take('/readme?ref=many', 'gzip')).headers.get('content-encoding')).toBeNull();
      const description = 'long '.repeat(380);
      const made = await server.api(
        ann,
        'POST',
        '/api/v1/projects',
        { name: 'made', description },
        { 'accept-encoding': 'gzip' },
      );
      expect([made.status, made.headers.get('content-encoding')]).toEqual([201, null]);
      const raw = await take('/raw?ref=pictures&path=logo.svg', 'gzip');
      expect(raw.headers.get('content-encoding')).toBeNull();
      const refs = await fetch(`${repository.url}/info/refs?service=git-upload-pack`, {
        headers: {
          'accept-encoding': 'gzip',
          authorization: `Basic ${Buffer.from(`ann:${ann.token}`).toString('base64')}`,
        },
      });
      expect([refs.status, refs.headers.get('content-encoding')]).toEqual([200, null]);
    });

    it('has an entity tag of its own, by which a version is known and held to', async () => {
      const address = '/api/v1/projects/ann/made';
      const ask = (headers: Record<string, string>, method = 'GET', body?: unknown) =>
        server.api(ann, method, address, body, headers);
      const plain = (await ask({ 'accept-encoding': 'identity' })).headers.get('etag') ?? '';
      const packed = (await ask({ 'accept-encoding': 'gzip' })).headers.get('etag') ?? '';
      expect(packed).toBe(plain.replace(/"$/, '-gzip"'));
      for (const tag of [plain, packed, `"other", W/${packed}`]) {
        const answer = await ask({ 'if-none-match': tag, 'accept-encoding': 'gzip' });
        expect({ tag, status: answer.status }).toEqual({ tag, status: 304 });
      }
      const change = { description: 'short' };
      expect((await ask({ 'if-match': packed }, 'PATCH', change)).status).toBe(200);
      expect((await ask({ 'if-match': packed }, 'PATCH', change)).status).toBe(412);
    });
  });

  it('has logged no error by now', async () => {
    expect(server.errors).toEqual([]);
    await readFile(path.join(server.home, 'hooks/pre-receive'));
  });
});
