import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createSecretBox, sealedBox } from '../../adapters/secret-box/secret-box.ts';
import { createPayloadCodec } from '../../adapters/temporal/payload-codec.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import type { SecretAddress, SecretBox } from '../../contracts/secret/types.ts';
import { resolveSecrets } from '../../domain/secret/resolve-secrets.ts';
import { setSecret } from '../../domain/secret/set-secret.ts';
import { createTestProject, createTestUser, testCaller } from '../support/callers.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const box = createSecretBox({ kind: 'key', bytes: Buffer.alloc(32, 1), origin: 'configured' });
const otherBox = createSecretBox({ kind: 'key', bytes: Buffer.alloc(32, 2), origin: 'configured' });
const home: SecretAddress = { projectId: 'prj_a', name: 'TOKEN', version: 3 };

describe('sealed values [I1]', () => {
  it('never repeat a nonce in 100,000 sealings of the same value', () => {
    const nonces = new Set<string>();
    for (let index = 0; index < 100_000; index++) {
      nonces.add(Buffer.from(box.seal('same', home).sealed.subarray(0, 12)).toString('latin1'));
    }
    expect(nonces.size).toBe(100_000);
  });

  it('do not open after a change of any bit of any byte, or when cut short [A-SEC-01]', () => {
    const { sealed, keyId } = box.seal('a value to be tampered with', home);
    expect(box.open(sealed, keyId, home)).toBe('a value to be tampered with');
    for (let index = 0; index < sealed.length; index++) {
      for (const bit of [1, 128]) {
        const changed = Uint8Array.from(sealed);
        changed[index] = (changed[index] ?? 0) ^ bit;
        expect(() => box.open(changed, keyId, home)).toThrow(
          expect.objectContaining({ code: 'sealed' }),
        );
      }
      expect(() => box.open(sealed.subarray(0, index), keyId, home)).toThrow(
        expect.objectContaining({ code: 'sealed' }),
      );
    }
  });

  it('do not open under another project, name or version, nor as a global secret', () => {
    const { sealed, keyId } = box.seal('stay where you are', home);
    const elsewhere: Partial<SecretAddress>[] = [
      { projectId: 'prj_b' },
      { projectId: null },
      { name: 'TOKEN2' },
      { version: 4 },
      // parts must not run into each other
      { name: 'TOKEN\n3' },
      { projectId: 'prj_a\nTOKEN' },
    ];
    for (const change of elsewhere) {
      expect(() => box.open(sealed, keyId, { ...home, ...change })).toThrow(
        expect.objectContaining({ code: 'sealed' }),
      );
    }
  });
});

describe('payloads in Temporal [I1]', () => {
  it('open to what they were, and not at all after a change of any byte', async () => {
    const codec = createPayloadCodec(box);
    const payload = {
      metadata: { encoding: new TextEncoder().encode('json/plain') },
      data: new TextEncoder().encode('{"pipelineId":"run_1"}'),
    };
    const [sealed] = await codec.encode([payload]);
    expect(Buffer.from(sealed?.data ?? []).toString('latin1')).not.toContain('run_1');
    const [opened] = await codec.decode([sealed ?? {}]);
    expect(opened).toEqual(payload);
    const data = sealed?.data ?? new Uint8Array();
    for (let index = 0; index < data.length; index++) {
      const changed = Uint8Array.from(data);
      changed[index] = (changed[index] ?? 0) ^ 1;
      await expect(codec.decode([{ ...sealed, data: changed }])).rejects.toThrow();
    }
    await expect(createPayloadCodec(otherBox).decode([sealed ?? {}])).rejects.toMatchObject({
      code: 'sealed',
    });
    await expect(createPayloadCodec(sealedBox('no key')).encode([payload])).rejects.toMatchObject({
      code: 'sealed',
    });
  });
});

describe('without the right master key [I3]', () => {
  let database: TestDatabase;
  let admin: Caller;
  let projectId: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    const owner = await createTestUser(database.db);
    projectId = (await createTestProject(database.db, owner.id)).id;
    const caller = testCaller(owner.id);
    admin = { ...caller, principal: { ...caller.principal, kind: 'system' } };
  });

  afterAll(async () => {
    await database.drop();
  });

  const set = async (by: SecretBox, name: string) =>
    await setSecret(database.db, by, admin, { projectId, name, value: 'a-value', mode: 'set' });

  it('nothing is read, nothing is written, and the answer is that secrets are sealed', async () => {
    await set(box, 'KEPT');
    const before = await database.db.$queryRaw`
      SELECT (SELECT json_agg(secrets.*)::text FROM secrets) AS secrets, (SELECT count(*)::int FROM secret_versions) AS versions,
        (SELECT count(*)::int FROM audit_log) AS audit, (SELECT count(*)::int FROM events) AS events`;
    for (const wrong of [otherBox, sealedBox('the key is missing')]) {
      await expect(set(wrong, 'KEPT')).rejects.toMatchObject({ code: 'sealed' });
      await expect(set(wrong, 'NEW')).rejects.toMatchObject({ code: 'sealed' });
      const resolving = resolveSecrets(database.db, wrong, {
        projectId,
        names: ['KEPT'],
        consumer: 'pipeline',
      });
      await expect(resolving).rejects.toMatchObject({ code: 'sealed' });
    }
    const after = await database.db.$queryRaw`
      SELECT (SELECT json_agg(secrets.*)::text FROM secrets) AS secrets, (SELECT count(*)::int FROM secret_versions) AS versions,
        (SELECT count(*)::int FROM audit_log) AS audit, (SELECT count(*)::int FROM events) AS events`;
    expect(after).toEqual(before);
    const values = await resolveSecrets(database.db, box, {
      projectId,
      names: ['KEPT'],
      consumer: 'pipeline',
    });
    expect(values.get('KEPT')).toBe('a-value');
  });

  it('a row that was moved to another name in the database does not open', async () => {
    await set(box, 'SOURCE');
    await set(box, 'TARGET');
    await database.db.$executeRaw`
      UPDATE secrets SET encrypted_value = (SELECT encrypted_value FROM secrets WHERE name = 'SOURCE') WHERE name = 'TARGET'`;
    const resolving = resolveSecrets(database.db, box, {
      projectId,
      names: ['TARGET'],
      consumer: 'pipeline',
    });
    await expect(resolving).rejects.toMatchObject({ code: 'sealed' });
  });
});
