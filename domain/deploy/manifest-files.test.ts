import { describe, expect, it } from '@jest/globals';
import type { GitTreeEntry } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';
import { renderFaults } from '../../test/support/render.ts';
import { ManifestFiles } from './manifest-files.ts';
import { readManifestFiles } from './read-manifest-files.ts';

const folder: GitTreeEntry = {
  path: 'apps/app',
  name: 'app',
  kind: 'directory',
  mode: '040000',
  sha: 't'.repeat(40),
  size: null,
};
const file: GitTreeEntry = {
  ...folder,
  path: 'apps/app/service.yaml',
  name: 'service.yaml',
  kind: 'file',
  size: 4,
};

/** A repository with one manifest, and how often it was read. */
function repository() {
  const seen = { blobs: 0, isAway: false };
  const store = {
    statPath: () =>
      seen.isAway
        ? Promise.reject(new DomainError('unavailable', 'git is away'))
        : Promise.resolve(folder),
    listTree: () => Promise.resolve({ entries: [file], more: false }),
    readBlob: () => {
      seen.blobs += 1;
      return Promise.resolve(Buffer.from('kind'));
    },
  };
  return { seen, files: new ManifestFiles(store) };
}

const place = { repoPath: 'a', sha: 'c'.repeat(40), folder: 'apps/app' };

describe('files of manifests', () => {
  it('reads a folder of a commit once for all environments that follow it [A-DEP-06]', async () => {
    const { seen, files } = repository();
    const both = await Promise.all([files.read(place), files.read(place)]);
    expect(both.map((found) => found.files.get('service.yaml'))).toEqual(['kind', 'kind']);
    await files.read(place);
    expect(seen.blobs).toBe(1);
    await files.read({ ...place, sha: 'd'.repeat(40) });
    expect(seen.blobs).toBe(2);
  });

  it('reads again what could not be read [A-DEP-03]', async () => {
    const { seen, files } = repository();
    seen.isAway = true;
    await expect(files.read(place)).rejects.toMatchObject({ code: 'unavailable' });
    seen.isAway = false;
    expect((await files.read(place)).files.get('service.yaml')).toBe('kind');
  });
});

/** A repository of these entries beneath `apps/app`; a text that is not given is `a: 1`. */
function repositoryOf(entries: Record<string, Partial<GitTreeEntry> & { blob?: Buffer }>) {
  const all = Object.entries(entries).map(([path, { blob, ...more }], at) => ({
    ...{ ...file, path, name: path.split('/').at(-1) ?? '', sha: String(at).padStart(40, '0') },
    ...{ size: blob?.length ?? 4, ...more, blob: blob ?? Buffer.from('a: 1') },
  }));
  const missing = () => new DomainError('not_found', 'There is nothing at this path.');
  return {
    statPath: (_: string, __: string, path: string) => {
      const found = path === 'apps/app' ? folder : all.find((one) => one.path === path);
      return found === undefined ? Promise.reject(missing()) : Promise.resolve(found);
    },
    listTree: (_: string, { path }: { path: string }) =>
      Promise.resolve({
        entries: all.filter((one) => one.path === `${path}/${one.name}`),
        more: false,
      }),
    readBlob: (_: string, sha: string) => {
      const found = all.find((one) => one.sha === sha && one.name !== 'lost.yaml');
      return found === undefined ? Promise.reject(missing()) : Promise.resolve(found.blob);
    },
  };
}
const readOf = (entries: Parameters<typeof repositoryOf>[0]) =>
  readManifestFiles(repositoryOf(entries), 'a', 'c'.repeat(40), 'apps/app');
const folders = (depth: number) =>
  Array.from({ length: depth }, (_, at) => `apps/app/${'d/'.repeat(at)}d`);

describe('what is not read of a folder of manifests', () => {
  const directory = { kind: 'directory', size: null } as const;
  const deep = Object.fromEntries(folders(9).map((path) => [path, directory]));
  const link = (to: string) => ({ kind: 'symlink', blob: Buffer.from(to) }) as const;
  const lfs = Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n');
  it.each([
    ['larger than 1 MiB', { 'big.yaml': { blob: Buffer.alloc(1024 * 1024 + 1, 'a') } }],
    ['a symbolic link', { 'base.yaml': link('../base.yaml') }],
    ['a symbolic link', { base: link('more'), more: directory }],
    ['a symbolic link', { base: link('other'), other: link('somewhere') }],
    ['a submodule', { base: { kind: 'submodule', size: null } }],
    ['deeper than 8 folders', deep],
    ['a pointer of Git LFS', { 'big.yaml': { blob: lfs } }],
    ['not a text in UTF-8', { 'old.yaml': { blob: Buffer.from([0x61, 0x3a, 0x20, 0xe9]) } }],
    ['not a text in UTF-8', { 'wide.yml': { blob: Buffer.from('a: 1', 'utf16le') } }],
    ['a name that is not UTF-8', { 'caf\uFFFD.yaml': {} }],
  ] as const)('is a fault where it could hold an object: %s [A-DEP-06]', async (why, entries) => {
    const beneath = Object.entries(entries).map(([path, entry]) => [
      path.startsWith('apps/app/') ? path : `apps/app/${path}`,
      entry as Partial<GitTreeEntry>,
    ]);
    const { files, binaries, unread } = await readOf(
      Object.fromEntries(beneath) as Parameters<typeof readOf>[0],
    );
    expect([files.size, binaries.size]).toEqual([0, 0]);
    const faults = renderFaults({ 'a.yaml': 'a: 1' }, { unread });
    expect(faults.join('\n')).toContain(why);
  });

  it('is none where no object lies in it: a picture, a link to a text, a link that leads out [A-DEP-06]', async () => {
    const picture = Buffer.from([0x89, 0x50, 0x00]);
    const { files, binaries, unread } = await readOf({
      'apps/app/a.yaml': {},
      'apps/app/logo.png': { blob: picture },
      'apps/app/NOTES.md': link('a.txt'),
      'apps/app/a.txt': {},
      'apps/app/LICENSE': link('../../../LICENSE'),
    });
    expect([...files.keys()]).toEqual(['a.yaml', 'a.txt']);
    expect([...binaries.keys()]).toEqual(['logo.png']);
    expect(unread.map(({ path, mayHoldManifests }) => [path, mayHoldManifests])).toEqual([
      ['NOTES.md', false],
      ['LICENSE', false],
    ]);
  });

  it('is tried again where git lists a file and does not give it [A-DEP-03]', async () => {
    await expect(readOf({ 'apps/app/lost.yaml': {} })).rejects.toMatchObject({
      code: 'unavailable',
      message: 'git lists apps/app/lost.yaml and does not give it.',
    });
  });

  it('is refused as too much where a tree is nothing but folders [A-DEP-06]', async () => {
    const ten = Array.from({ length: 10 }, (_, at) => ({ ...folder, name: String(at) }));
    const store = {
      ...repositoryOf({}),
      listTree: (_: string, { path }: { path: string }) =>
        Promise.resolve({
          entries: ten.map((one) => ({ ...one, path: `${path}/${one.name}` })),
          more: false,
        }),
    };
    const read = readManifestFiles(store, 'a', 'c'.repeat(40), 'apps/app');
    await expect(read).rejects.toMatchObject({ code: 'validation_failed' });
  });
});
