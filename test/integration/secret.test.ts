import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadMasterKey } from '../../adapters/secret-box/master-key.ts';
import { createSecretBox } from '../../adapters/secret-box/secret-box.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { deleteSecret } from '../../domain/secret/delete-secret.ts';
import { hasSecrets } from '../../domain/secret/has-secrets.ts';
import { listSecrets } from '../../domain/secret/list-secrets.ts';
import { resolveSecrets } from '../../domain/secret/resolve-secrets.ts';
import { setSecret, type SecretInput } from '../../domain/secret/set-secret.ts';
import { createTestProject, createTestUser, testCaller } from '../support/callers.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let projectId: string;
let admin: Caller;

const box = createSecretBox({ kind: 'key', bytes: Buffer.alloc(32, 7), origin: 'configured' });
const value = 'v4lue-that-nobody-may-see';

beforeAll(async () => {
  database = await createTestDatabase();
  const owner = await createTestUser(database.db);
  projectId = (await createTestProject(database.db, owner.id)).id;
  admin = testCaller(owner.id);
  admin = { ...admin, principal: { ...admin.principal, kind: 'system' } };
});

afterAll(async () => {
  await database.drop();
});

async function set(
  input: Partial<SecretInput> & { name: string },
): Promise<ReturnType<typeof setSecret> extends Promise<infer R> ? R : never> {
  return await setSecret(database.db, box, admin, { projectId, value, mode: 'set', ...input });
}

async function resolve(...names: string[]): Promise<Map<string, string>> {
  return await resolveSecrets(database.db, box, { projectId, names, consumer: 'pipeline' });
}

describe('secrets', () => {
  it('hold no plaintext at rest, and the same value twice is sealed differently [A-SEC-01]', async () => {
    await set({ name: 'FIRST' });
    await set({ name: 'SECOND' });
    const rows = await database.db.secret.findMany({
      where: { name: { in: ['FIRST', 'SECOND'] } },
    });
    const [first, second] = rows.map((row) => Buffer.from(row.encryptedValue));
    expect(first?.equals(second ?? Buffer.alloc(0))).toBe(false);
    const dump = await database.db.$queryRaw<
      { row: string }[]
    >`SELECT secrets::text AS row FROM secrets`;
    for (const { row } of dump) {
      expect(row).not.toContain(value);
      expect(row).not.toContain(Buffer.from(value).toString('hex'));
    }
    expect((await resolve('FIRST', 'SECOND')).get('SECOND')).toBe(value);
  });

  it('rise in version on each change, and what runs next gets the new value [A-SEC-05]', async () => {
    expect((await set({ name: 'TURNING', value: 'one-one' })).secret.version).toBe(1);
    expect((await set({ name: 'TURNING', value: 'two-two' })).secret.version).toBe(2);
    expect((await resolve('TURNING')).get('TURNING')).toBe('two-two');
    const kept = await database.db.secretVersion.findMany({
      where: { secret: { name: 'TURNING' } },
    });
    expect(kept.map((row) => row.version)).toEqual([1]);
  });

  it('take one name once: a second of the same name is refused, also a global one, also at once [A-SEC-02]', async () => {
    await set({ name: 'TAKEN', mode: 'create' });
    await expect(set({ name: 'TAKEN', mode: 'create' })).rejects.toMatchObject({
      code: 'already_exists',
    });
    const both = await Promise.allSettled(
      [1, 2].map(async () => await set({ name: 'TAKEN', projectId: null, mode: 'create' })),
    );
    expect(both.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find((result) => result.status === 'rejected')).toMatchObject({
      reason: { code: 'already_exists' },
    });
    // set at once by two people: both count, one after the other
    const versions = await Promise.all(
      [1, 2, 3].map(async () => (await set({ name: 'RACED' })).secret.version),
    );
    expect(versions.sort()).toEqual([1, 2, 3]);
  });

  it('of a project shadow global ones of the same name [A-SEC-06]', async () => {
    await set({ name: 'SHADOWED', projectId: null, value: 'of-the-platform' });
    expect((await resolve('SHADOWED')).get('SHADOWED')).toBe('of-the-platform');
    await set({ name: 'SHADOWED', value: 'of-the-project' });
    expect((await resolve('SHADOWED')).get('SHADOWED')).toBe('of-the-project');
    // whichever was there first
    await set({ name: 'SHADOW_FIRST', value: 'of-the-project' });
    await set({ name: 'SHADOW_FIRST', projectId: null, value: 'of-the-platform' });
    expect((await resolve('SHADOW_FIRST')).get('SHADOW_FIRST')).toBe('of-the-project');
  });

  it('resolve for scope pipeline and all; any other scope, or none such, fails by name [A-PIPE-10]', async () => {
    await set({ name: 'FOR_ALL', scope: 'all' });
    await set({ name: 'FOR_DEPLOY', scope: 'deploy' });
    expect([...(await resolve('FOR_ALL')).keys()]).toEqual(['FOR_ALL']);
    await expect(resolve('FOR_ALL', 'FOR_DEPLOY', 'NOT_THERE')).rejects.toMatchObject({
      code: 'secret_unavailable',
      message:
        'secret FOR_DEPLOY has scope deploy, so a pipeline may not use it; secret NOT_THERE does not exist.',
    });
  });

  it('leave an audit row for each read, without the value [A-SEC-07]', async () => {
    await set({ name: 'WATCHED' });
    await resolveSecrets(database.db, box, {
      projectId,
      names: ['WATCHED'],
      consumer: 'pipeline',
      usedBy: { kind: 'pipeline', id: 'run_1', step: 'build' },
    });
    const rows = await database.db.auditEntry.findMany({ where: { action: 'secret.read' } });
    const row = rows.find((entry) => JSON.stringify(entry.detail).includes('WATCHED'));
    expect(row?.detail).toMatchObject({
      name: 'WATCHED',
      version: 1,
      consumer: 'pipeline',
      id: 'run_1',
      step: 'build',
    });
    expect(
      JSON.stringify(await database.db.$queryRaw`SELECT audit_log::text FROM audit_log`),
    ).not.toContain(value);
    expect(
      JSON.stringify(await database.db.$queryRaw`SELECT events::text FROM events`),
    ).not.toContain(value);
  });

  it('that are meant for an environment reach deployments to it only, and no step of a pipeline [A-SEC-02]', async () => {
    await set({ name: 'PROD_ONLY', scope: 'all', environment: 'production' });
    const of = (consumer: 'pipeline' | 'webhook' | 'deploy', environment?: string) =>
      resolveSecrets(database.db, box, {
        projectId,
        names: ['PROD_ONLY'],
        consumer,
        ...(environment === undefined ? {} : { environment }),
      });
    for (const consumer of ['pipeline', 'webhook'] as const) {
      await expect(of(consumer)).rejects.toMatchObject({
        code: 'secret_unavailable',
        message: `secret PROD_ONLY is meant for production, not for a ${consumer}, which runs in no environment.`,
      });
    }
    await expect(of('deploy', 'staging')).rejects.toMatchObject({
      message: 'secret PROD_ONLY is meant for production, not for staging.',
    });
    expect((await of('deploy', 'production')).get('PROD_ONLY')).toBe(value);
  });

  it('are listed without values, and only to whoever may [A-SEC-03] [A-SEC-04]', async () => {
    const outsider = await createTestUser(database.db);
    const page = { limit: 100, after: null };
    const { items } = await listSecrets(database.db, admin, projectId, page);
    expect(items.length).toBeGreaterThan(3);
    expect(Object.keys(items[0] ?? {}).sort()).toEqual(
      [
        'createdAt',
        'createdBy',
        'environment',
        'id',
        'isProtected',
        'name',
        'projectId',
        'scope',
        'updatedAt',
        'updatedBy',
        'version',
      ].sort(),
    );
    const { db } = database;
    await expect(listSecrets(db, outsider.caller, projectId, page)).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(listSecrets(db, outsider.caller, null, page)).rejects.toMatchObject({
      code: 'forbidden',
    });
    const input = { projectId: null, name: 'X', value: 'xxxx', mode: 'set' } as const;
    await expect(setSecret(db, box, outsider.caller, input)).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(deleteSecret(db, outsider.caller, null, 'SHADOWED')).rejects.toMatchObject({
      code: 'forbidden',
    });
  });

  it('are gone once deleted, with all versions', async () => {
    await set({ name: 'LEAVING' });
    await set({ name: 'LEAVING' });
    await deleteSecret(database.db, admin, projectId, 'LEAVING');
    await expect(resolve('LEAVING')).rejects.toMatchObject({ code: 'secret_unavailable' });
    await expect(deleteSecret(database.db, admin, projectId, 'LEAVING')).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});

describe('the master key', () => {
  const load = async (home: string, stored: boolean, configured: string | null = null) =>
    await loadMasterKey({ configured, home, hasSecrets: () => Promise.resolve(stored) });

  it('is made once, readable by its owner only, also when several processes start at once [A-SEC-01]', async () => {
    const home = await mkdtemp(join(tmpdir(), 'slipway-key-'));
    const keys = await Promise.all(Array.from({ length: 8 }, async () => await load(home, false)));
    const bytes = keys.map((key) => (key.kind === 'key' ? key.bytes.toString('hex') : ''));
    expect(new Set(bytes).size).toBe(1);
    expect(keys.filter((key) => key.kind === 'key' && key.origin === 'made')).toHaveLength(1);
    expect((await stat(join(home, 'master-key'))).mode & 0o777).toBe(0o600);
    expect(Buffer.from(await readFile(join(home, 'master-key'), 'utf8'), 'base64')).toHaveLength(
      32,
    );
    await rm(home, { recursive: true });
  });

  it('of another length refuses the start, and is not quoted [A-SEC-01]', async () => {
    for (const wrong of [
      randomBytes(31).toString('base64'),
      randomBytes(33).toString('hex'),
      'hunter2',
      '',
    ]) {
      const refused = await load('/nonexistent', false, wrong).catch((error: unknown) => error);
      expect(refused).toMatchObject({ name: 'MasterKeyError' });
      if (wrong !== '') expect(String(refused)).not.toContain(wrong);
    }
    for (const encoding of ['base64', 'base64url', 'hex'] as const) {
      expect(await load('/nonexistent', true, randomBytes(32).toString(encoding))).toMatchObject({
        kind: 'key',
      });
    }
  });

  it('is never replaced by a new one while secrets are stored', async () => {
    const home = await mkdtemp(join(tmpdir(), 'slipway-key-'));
    expect(await hasSecrets(database.db)).toBe(true);
    expect(await load(home, true)).toMatchObject({ kind: 'missing' });
    await expect(stat(join(home, 'master-key'))).rejects.toMatchObject({ code: 'ENOENT' });
    await rm(home, { recursive: true });
  });
});
