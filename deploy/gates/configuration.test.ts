import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { configKeys, envNamesOf } from '../../adapters/config/config-keys.ts';
import { loadConfig } from '../../adapters/config/load-config.ts';

interface Row {
  key: string;
  env: string;
  fallback: string;
}

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
