import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { configKeys, envNamesOf } from '../../adapters/config/config-keys.ts';
import { describeConfig } from '../../adapters/config/describe-config.ts';
import { databaseUrl, loadConfig } from '../../adapters/config/load-config.ts';
import { secretConfigKeys } from '../../contracts/config.ts';
import { createDb } from '../../domain/shared/db.ts';
import { createTestDatabase } from '../support/test-database.ts';

let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slipway-config-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(extension: string, text: string): Promise<string> {
  const name = path.join(folder, `config-${(count += 1)}.${extension}`);
  await writeFile(name, text);
  return name;
}

const load = (env: Record<string, string> = {}, args: string[] = []) => loadConfig({ env, args });

describe('configuration', () => {
  it('lets arguments win over environment over file over defaults [A-CFG-01] [B-CFG-02] [B-API-10]', async () => {
    const toml = await file(
      'toml',
      '[server]\nport = 9000\ntimeout = "5s"\n[logging]\nlevel = "warn"\n',
    );
    expect(load().server).toMatchObject({ host: '127.0.0.1', port: 8080, timeout: 60_000 });
    const fromFile = load({}, ['--config', toml]);
    expect([fromFile.server.port, fromFile.server.timeout, fromFile.log.level]).toEqual([
      9000,
      5000,
      'warn',
    ]);
    expect(load({ PORT: '9001' }, ['--config', toml]).server.port).toBe(9001);
    expect(load({ PORT: '9001' }, ['--config', toml, '--port', '9002']).server.port).toBe(9002);
    expect(load({ PORT: '9001' }, ['--server.port=9003']).server.port).toBe(9003);
  });

  it('reads YAML as well as TOML, in the words of either seed [A-CFG-01] [B-CFG-02]', async () => {
    const yaml = await file(
      'yaml',
      'server: {port: 9000, timeout: 60s}\ndatabase: {pool_size: 4, max_overflow: 1}\ngit: {clone_timeout: 120}\nci: {auto_qa_on_success: false}\n',
    );
    const config = load({}, ['--config', yaml]);
    expect(config.server).toMatchObject({ port: 9000, timeout: 60_000 });
    expect(config.database).toMatchObject({ poolSize: 4, maxOverflow: 1 });
    expect(config.git.cloneTimeout).toBe(120_000);
    expect(config.ci.autoQaOnSuccess).toBe(false);
  });

  it('refuses a bad value naming the key, what was found and what was expected, but no secret [A-CFG-01]', async () => {
    expect(() => load({ PORT: '80x' })).toThrow(
      'server.port (PORT): found "80x", expected a whole number from 0 to 65535',
    );
    expect(() => load({ LOG_LEVEL: 'loud' })).toThrow(
      /log\.level \(LOG_LEVEL\): found "loud", expected one of trace/,
    );
    expect(() => load({ JWKS_URL: 'not a url' })).toThrow(
      /auth\.jwt\.jwksUrl \(JWKS_URL\).*an address/,
    );
    expect(() => load({}, ['--server.prot', '1'])).toThrow('--server.prot is not a setting');
    const unknown = await file('toml', '[server]\nprot = 1\n');
    expect(() => load({}, ['--config', unknown])).toThrow(/server\.prot is not a setting/);
    const broken = await file('toml', '[secrets]\nmasterKey = "hush-hush\n');
    expect(() => load({}, ['--config', broken])).toThrow(/not valid TOML/);
    expect(() => load({}, ['--config', broken])).not.toThrow(/hush/);
    const typed = await file('yaml', 'secrets: {masterKey: [hush, hush]}\n');
    expect(() => load({}, ['--config', typed])).toThrow(/secrets\.masterKey .*not shown/);
    expect(() => load({}, ['--config', path.join(folder, 'none.toml')])).toThrow(/does not exist/);
  });

  it('expands ${VAR} and ${VAR:-default} in files [A-CFG-02] [A-CFG-03]', async () => {
    const yaml = await file(
      'yaml',
      'database: {url: "${DATABASE_URL_X:-postgresql://localhost/devgodzilla}"}\nstorage: {projects_root: "${DEVGODZILLA_PROJECTS_ROOT:-projects/}"}\nserver: {host: "${NOT_SET:-}"}\n',
    );
    const unset = load({}, ['--config', yaml]);
    expect(unset.storage.projectsRoot).toBe('projects/');
    expect(unset.database.url).toBe('postgresql://localhost/devgodzilla');
    expect(unset.server.host).toBe('127.0.0.1');
    const set = load({ DATABASE_URL_X: 'postgresql://elsewhere/db' }, ['--config', yaml]);
    expect(set.database.url).toBe('postgresql://elsewhere/db');
  });

  it('takes the storage roots from their variables, with the defaults of the seed [A-CFG-04]', () => {
    expect(load().storage).toEqual({
      projectsRoot: 'projects/',
      runsRoot: 'runs/',
      tempRoot: 'temp/',
    });
    const env = {
      DEVGODZILLA_PROJECTS_ROOT: 'a',
      DEVGODZILLA_RUNS_ROOT: 'b',
      DEVGODZILLA_TEMP_ROOT: 'c',
    };
    expect(load(env).storage).toEqual({ projectsRoot: 'a', runsRoot: 'b', tempRoot: 'c' });
  });

  it('shows its defaults [A-CFG-05] [B-CFG-01]', () => {
    expect(describeConfig(load())).toMatchObject({
      'git.defaultAuthor': 'Slipway <slipway@localhost>',
      'git.cloneTimeout': 300_000,
      'ci.autoQaOnSuccess': true,
      'ci.webhookSecret': null,
      'events.persist': true,
      'events.sseEnabled': true,
      'events.streamsPerCaller': 64,
      'events.retentionDays': 90,
      'metrics.port': 9090,
      'log.level': 'info',
      'log.format': 'json',
      'database.host': 'localhost',
      'database.port': 5432,
      'database.name': 'codeai',
      'database.user': 'postgres',
      'database.password': null,
      'database.sslmode': 'disable',
      'cache.redisAddr': 'localhost:6379',
      'temporal.address': 'localhost:7233',
      'mail.brevoApiKey': null,
      'auth.jwt.issuer': null,
      'auth.jwt.audience': null,
      'auth.jwt.jwksUrl': null,
    });
  });

  it('masks every secret when it is shown [A-CFG-05]', () => {
    const canary = 'canary-4711-canary';
    const env = Object.fromEntries(
      [...secretConfigKeys].map((key) => [envNamesOf(key)[0] ?? '', canary]),
    );
    const config = load({
      ...env,
      DATABASE_URL: `postgresql://user:${canary}@localhost/db?sslpassword=${canary}`,
      SMTP_URL: `smtp://user:${canary}@localhost`,
    });
    const shown = JSON.stringify(describeConfig(config));
    expect(shown).not.toContain(canary);
    expect(shown).toContain('postgresql://user');
    expect(config.secrets.masterKey).toBe(canary);
  });

  it('has an environment variable for every key', () => {
    for (const key of configKeys) expect(envNamesOf(key).at(-1)).toMatch(/^SLIPWAY_[A-Z0-9_]+$/);
    expect(load({ SLIPWAY_EXECUTOR_MEMORY_MB: '128' }).executor.memoryMb).toBe(128);
    expect(load({ SLIPWAY_EXECUTOR_PASS_ENV: 'A, B,' }).executor.passEnv).toEqual(['A', 'B']);
  });

  it('makes the address of the database of its parts [B-CFG-01]', () => {
    expect(databaseUrl(load())).toBe('postgresql://postgres@localhost:5432/codeai');
    const env = { DATABASE_PASSWORD: 'p@ss/w', DATABASE_NAME: 'x', DATABASE_SSLMODE: 'require' };
    expect(databaseUrl(load(env))).toBe(
      'postgresql://postgres:p%40ss%2Fw@localhost:5432/x?sslmode=require',
    );
  });
});

describe('the pool', () => {
  it('opens at most pool size and overflow together, 30 by default [A-CFG-03]', async () => {
    const { poolSize, maxOverflow } = load().database;
    expect([poolSize, maxOverflow]).toEqual([10, 20]);
    const database = await createTestDatabase();
    const db = createDb(database.url, { max: poolSize + maxOverflow });
    try {
      // `then` starts a query: Prisma's promises wait to be asked
      const busy = Promise.all(
        Array.from({ length: 60 }, () =>
          db.$queryRaw`SELECT pg_sleep(0.3)::text`.then(() => undefined),
        ),
      );
      let most = 0;
      let isOver = false;
      void busy.finally(() => (isOver = true));
      while (!isOver) {
        const rows = await database.db.$queryRaw<{ open: number }[]>`
          SELECT count(*)::int AS open FROM pg_stat_activity
           WHERE datname = current_database() AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()`;
        most = Math.max(most, rows[0]?.open ?? 0);
      }
      await busy;
      expect(most).toBeGreaterThan(10);
      expect(most).toBeLessThanOrEqual(30);
    } finally {
      await db.$disconnect();
      await database.drop();
    }
  }, 240_000);
});
