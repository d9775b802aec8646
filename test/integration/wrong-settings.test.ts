import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { removeFolder } from '../support/remove-folder.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

jest.setTimeout(240_000);

const root = path.resolve(import.meta.dirname, '../..');
let database: TestDatabase;
let home: string;
beforeAll(async () => {
  database = await createTestDatabase();
  home = await mkdtemp(path.join(tmpdir(), 'slipway-settings-'));
});
afterAll(async () => {
  await database.drop();
  await removeFolder(home);
});

/** Runs a built program with its settings, and waits until it has ended. */
async function run(
  program: string,
  env: Record<string, string>,
  args: readonly string[] = [],
): Promise<{ code: number | null; printed: string }> {
  const child = spawn(process.execPath, [path.join(root, 'dist', `${program}.mjs`), ...args], {
    cwd: home,
    env: {
      PATH: process.env['PATH'] ?? '',
      PORT: '0',
      SLIPWAY_HOME: home,
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  const keep = (chunk: Buffer) => {
    printed += chunk.toString();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, printed };
}

describe('a process that is given a setting that it cannot use', () => {
  it.each(['api', 'workers', 'migrate', 'cli'])(
    'ends with 78, so that nobody starts it again, and names the setting: %s [A-CFG-01]',
    async (program) => {
      const args = program === 'cli' ? ['config'] : [];
      const { code, printed } = await run(program, { LOG_FORMAT: 'yaml' }, args);
      expect(printed).toContain('log.format (LOG_FORMAT): found');
      expect(code).toBe(78);
    },
  );

  it('ends so for a master key that is none, and does not show it [A-CFG-01] [A-SEC-01]', async () => {
    const { code, printed } = await run('api', { SLIPWAY_MASTER_KEY: 'canary-no-key' });
    expect(printed).toContain('SLIPWAY_MASTER_KEY must hold 32 bytes');
    expect(printed).not.toContain('canary-no-key');
    expect(code).toBe(78);
  });

  it('ends so for a key of JWTs and a certificate of Temporal that are none [A-CFG-01]', async () => {
    const jwt = await run('api', { JWT_PUBLIC_KEY: 'canary-no-pem' });
    expect(jwt.printed).toContain('auth.jwt.publicKey (JWT_PUBLIC_KEY): expected the PEM');
    expect(jwt.code).toBe(78);
    const tls = await run('workers', { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/nowhere.pem' });
    expect(tls.printed).toContain('temporal.tlsCaFile: /nowhere.pem cannot be read');
    expect(tls.code).toBe(78);
  });

  it('ends so for a queue that there is not [A-CFG-01]', async () => {
    const { code, printed } = await run('workers', {}, ['--queues', 'nonsense']);
    expect(printed).toContain('is no queue');
    expect(code).toBe(78);
  });
});
