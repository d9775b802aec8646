import { describe, expect, it } from '@jest/globals';
import type { Manifest } from './manifest.ts';
import { isTakenAlong, objectPath, requireOwnPaths } from './backup-paths.ts';

const sha256 = '0'.repeat(64);
const manifest: Manifest = {
  ...{ format: 1, createdAt: '2026-11-30T12:00:00.000Z', migrations: [], sequences: {} },
  ...{ objects: 0, masterKey: false, filesSha256: sha256 },
  tables: [{ name: 'users', columns: [], rows: 0, path: 'database/users.ndjson.gz' }],
  repositories: ['ann/kept.git'],
};
const file = (path: string, key?: string) => ({
  ...{ path, bytes: 0, sha256 },
  ...(key === undefined ? {} : { key }),
});

describe('the paths of a backup', () => {
  it('are those that a backup of ours has', () => {
    const files = [
      file('database/users.ndjson.gz'),
      file('repositories/ann/kept.git/HEAD'),
      // of before: left where they are
      file('repositories/ann/kept.git/config'),
      file(objectPath('logs/run_1/0'), 'logs/run_1/0'),
    ];
    expect(() => requireOwnPaths(manifest, files)).not.toThrow();
    expect(() =>
      requireOwnPaths({ ...manifest, masterKey: true }, [file('master-key')]),
    ).not.toThrow();
  });

  it.each([
    'repositories/../../outside',
    'repositories/ann/kept.git/../../../outside',
    'repositories/ann/kept.git//HEAD',
    'repositories/ann/other.git/HEAD',
    'repositories/ann/kept.git',
    '/repositories/ann/kept.git/HEAD',
    'repositories/ann/kept.git/refs/heads/a\nb',
    'database/passwords.ndjson.gz',
    'master-key',
    '../outside',
    '',
  ])('are refused by name where one is not: %j', (path) => {
    expect(() => requireOwnPaths(manifest, [file(path)])).toThrow(JSON.stringify(path));
  });

  it('are refused where a table, a repository or an object is said to lie elsewhere', () => {
    const [table] = manifest.tables;
    const elsewhere = { name: 'users', columns: [], rows: 0, path: '../../etc/passwd' };
    expect(table?.path).toBe('database/users.ndjson.gz');
    expect(() => requireOwnPaths({ ...manifest, tables: [elsewhere] }, [])).toThrow('a table');
    for (const name of ['../x.git', 'ann/../x.git', '/ann/x.git', 'ann/x', 'a/b/c.git']) {
      expect(() => requireOwnPaths({ ...manifest, repositories: [name] }, [])).toThrow(name);
    }
    expect(() => requireOwnPaths(manifest, [file('../outside', 'logs/run_1/0')])).toThrow(
      'outside',
    );
  });
});

describe('of a repository', () => {
  it.each([
    ['HEAD', true],
    ['packed-refs', true],
    ['refs/heads/feature/a', true],
    ['refs/slipway/keep/1', true],
    [`objects/ab/${'0'.repeat(38)}`, true],
    [`objects/pack/pack-${'0'.repeat(40)}.pack`, true],
    ['refs/heads/main.lock', false],
    ['refs/heads/.hidden', false],
    ['config', false],
    ['config.worktree', false],
    ['commondir', false],
    ['hooks/pre-receive', false],
    ['info/attributes', false],
    ['objects/info/alternates', false],
    [`objects/pack/pack-${'0'.repeat(40)}.promisor`, false],
  ])('%s is taken along: %j', (within, taken) => {
    expect(isTakenAlong(within)).toBe(taken);
  });
});
