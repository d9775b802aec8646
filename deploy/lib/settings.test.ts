import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { earlySettings, readSettings } from './settings.mjs';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slipway-settings-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(text: string): Promise<{ SLIPWAY_CONFIG: string }> {
  const name = path.join(folder, 'slipway.toml');
  await writeFile(name, text);
  return { SLIPWAY_CONFIG: name };
}

describe('the launcher', () => {
  it('brings a Postgres and a Temporal where nobody names one [A-CORE-02]', async () => {
    const settings = await readSettings({ DATABASE_POOL_SIZE: '5', DATABASE_HOST: '' });
    expect(settings).toMatchObject({ databaseUrl: null, temporalAddress: null });
  });

  it('takes the Postgres and the Temporal that are named, by either name and in the file [A-CFG-01]', async () => {
    const byPrefix = {
      SLIPWAY_DATABASE_HOST: 'db.example.test',
      SLIPWAY_DATABASE_NAME: 'rows',
      SLIPWAY_DATABASE_USER: 'ann',
    };
    const url = 'postgresql://ann@db.example.test:5432/rows';
    expect((await readSettings(byPrefix)).databaseUrl).toBe(url);
    const ofFile = await file(
      '[database]\nname = "rows"\nuser = "ann"\n[temporal]\naddress = "localhost:7233"\n',
    );
    expect(await readSettings(ofFile)).toMatchObject({
      databaseUrl: 'postgresql://ann@localhost:5432/rows',
      temporalAddress: 'localhost:7233',
    });
    const named = await readSettings({ SLIPWAY_DATABASE_PORT: '5433', TEMPORAL_HOST: 't:7233' });
    expect(named).toMatchObject({ temporalAddress: 't:7233' });
    expect(named.databaseUrl).toContain('localhost:5433');
  });

  it('knows before anything is installed whether it may have to build a Temporal [A-CORE-02]', () => {
    expect(earlySettings({})).toMatchObject({ ownTemporal: true });
    for (const name of ['TEMPORAL_ADDRESS', 'TEMPORAL_HOST', 'SLIPWAY_TEMPORAL_ADDRESS'])
      expect(earlySettings({ [name]: 'there:7233' })).toMatchObject({ ownTemporal: false });
  });

  it('ends with 78 for a setting that cannot be used, and names it [A-CFG-01]', async () => {
    await expect(readSettings({ LOG_FORMAT: 'yaml' })).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringContaining('log.format (LOG_FORMAT): found'),
    });
    const early = () => earlySettings({ PORT: 'http' });
    expect(early).toThrow(expect.objectContaining({ exitCode: 78 }));
    expect(early).toThrow("PORT is 'http'");
  });
});
