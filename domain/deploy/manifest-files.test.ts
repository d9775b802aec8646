import { describe, expect, it } from '@jest/globals';
import type { GitTreeEntry } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';
import { ManifestFiles } from './manifest-files.ts';

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
    expect(both.map((found) => found.get('service.yaml'))).toEqual(['kind', 'kind']);
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
    expect((await files.read(place)).get('service.yaml')).toBe('kind');
  });
});
