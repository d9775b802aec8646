import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { configKeys, envNamesOf } from '../../adapters/config/config-keys.ts';
import { describeUnknownNames } from '../../adapters/config/env-names.ts';
import { loadConfig } from '../../adapters/config/load-config.ts';
import { root } from '../lib/paths.mjs';
import { listFiles } from '../lib/stamps.mjs';

interface Row {
  key: string;
  env: string;
  fallback: string;
}

/** SLIPWAY_ and more, not the start of a name that is made of parts */
const spoken = /\bSLIPWAY_[A-Z0-9_]*[A-Z0-9](?![A-Za-z0-9_*])/g;

const page = readFileSync(
  join(import.meta.dirname, '../../docs/operations/configuration.md'),
  'utf8',
);
const rows: Row[] = [
  ...page.matchAll(/^\| `([\w.]+)`\s+\| `(\w+)`\s+\| (?:`([^`]*)`)?\s*\|/gm),
].map(([, key = '', env = '', fallback = '']) => ({ key, env, fallback }));

describe('docs/operations/configuration.md', () => {
  it('has one row for every setting, in the order of the schema, and none for another', () => {
    expect(rows.map(({ key }) => key)).toEqual(configKeys);
  });

  it('names the environment variable that wins for each setting', () => {
    expect(rows.map(({ env }) => env)).toEqual(configKeys.map((key) => envNamesOf(key)[0]));
  });

  it('tells defaults that give the same configuration when they are set by hand', () => {
    const byHand = Object.fromEntries(rows.map(({ env, fallback }) => [env, fallback]));
    expect(Object.values(byHand).filter((text) => text !== '').length).toBeGreaterThan(30);
    expect(loadConfig({ env: byHand })).toEqual(loadConfig({ env: {} }));
  });
});

describe('a name with the prefix of the settings', () => {
  it('is known wherever our own code says it, so that a start does not refuse it', async () => {
    const folders = [
      '.ci',
      'activities',
      'adapters',
      'api',
      'cli',
      'contracts',
      'deploy',
      'domain',
    ];
    folders.push(
      'launch',
      'prisma/migrate.ts',
      'test',
      'workers',
      'workflows',
      'web/vite.config.mjs',
    );
    const more = ['compose.yaml', 'Dockerfile', 'jest.config.mjs'];
    const files = [...(await listFiles(root, folders)), ...more];
    const names = new Set(
      files
        .filter((file) => !file.endsWith('.test.ts') && !/[/.](png|bin|gz|json)$/.test(file))
        .flatMap((file) => readFileSync(join(root, file), 'utf8').match(spoken) ?? []),
    );
    expect(names).toContain('SLIPWAY_TEST_DATABASE_URL');
    const env = Object.fromEntries([...names].map((name) => [name, 'x']));
    expect(describeUnknownNames(env, new Set())).toEqual([]);
  });
});
