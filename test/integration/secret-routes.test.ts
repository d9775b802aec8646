import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createSecretBox, sealedBox } from '../../adapters/secret-box/secret-box.ts';
import { createTestProject, createTestUser } from '../support/callers.ts';
import { findLeaks, makeCanary, sweepDatabase } from '../support/canaries.ts';
import { bindTestRole, createTestToken, startTestApi, type TestApi } from '../support/test-api.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let api: TestApi;
let sealed: TestApi;
let path: string;
const tokens: Record<string, string> = {};
const canary = makeCanary('route');
const seen: string[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  const box = createSecretBox({ kind: 'key', bytes: Buffer.alloc(32, 5), origin: 'configured' });
  api = await startTestApi(database, { services: { secretBox: box } });
  sealed = await startTestApi(database, {
    services: { secretBox: sealedBox('The master key is missing.') },
  });
  const owner = await createTestUser(database.db);
  const project = await createTestProject(database.db, owner.id);
  path = `/api/v1/projects/${owner.name}/${project.name}/secrets`;
  await bindTestRole(database.db, owner.id, 'maintainer', project.id);
  tokens['owner'] = (await createTestToken(database.db, owner.id)).token;
  for (const role of ['viewer', 'developer', 'admin']) {
    const user = await createTestUser(database.db);
    await bindTestRole(database.db, user.id, role, role === 'admin' ? null : project.id);
    tokens[role] = (await createTestToken(database.db, user.id)).token;
  }
  const outsider = await createTestUser(database.db);
  tokens['outsider'] = (await createTestToken(database.db, outsider.id)).token;
});

afterAll(async () => {
  await api.stop();
  await sealed.stop();
  await database.drop();
});

async function call(
  who: string,
  method: string,
  address: string,
  body?: unknown,
  to = api,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(to.baseUrl + address, {
    method,
    headers: { authorization: `Bearer ${tokens[who] ?? ''}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  seen.push(text);
  return {
    status: response.status,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
  };
}

describe('the API of secrets', () => {
  it('sets and shows whether a secret is for protected branches only; a new value leaves that as it is [A-SEC-02]', async () => {
    const made = await call('owner', 'POST', path, { name: 'SHUT', value: canary });
    expect(made.body).toMatchObject({ isProtected: false });
    const shut = await call('owner', 'PUT', `${path}/SHUT`, { value: canary, isProtected: true });
    expect(shut.body).toMatchObject({ isProtected: true, version: 2 });
    await call('owner', 'PUT', `${path}/SHUT`, { value: canary });
    expect((await call('viewer', 'GET', `${path}/SHUT`)).status).toBe(403);
    const seenAgain = await call('developer', 'GET', `${path}/SHUT`);
    expect(seenAgain.body).toMatchObject({ isProtected: true, version: 3 });
    expect((await call('owner', 'DELETE', `${path}/SHUT`)).status).toBe(204);
  });

  it('never gives a value back, to nobody and in no answer [A-SEC-03]', async () => {
    expect((await call('owner', 'POST', path, { name: 'NPM_TOKEN', value: canary })).status).toBe(
      201,
    );
    expect((await call('owner', 'POST', path, { name: 'NPM_TOKEN', value: canary })).status).toBe(
      409,
    );
    expect(
      await call('owner', 'PUT', `${path}/NPM_TOKEN`, { value: canary, scope: 'all' }),
    ).toMatchObject({
      status: 200,
      body: { name: 'NPM_TOKEN', version: 2, scope: 'all' },
    });
    expect((await call('owner', 'PUT', `${path}/OTHER`, { value: canary })).status).toBe(201);
    expect((await call('owner', 'POST', path, { name: 'bad name', value: canary })).status).toBe(
      400,
    );
    expect(
      (await call('owner', 'POST', path, { name: 'X', value: canary, scope: 'nobody' })).status,
    ).toBe(400);
    expect(
      (await call('owner', 'POST', path, { name: 'X', value: canary, extra: canary })).status,
    ).toBe(400);
    for (const who of ['owner', 'admin']) {
      const list = await call(who, 'GET', path);
      expect((list.body['items'] as { name: string }[]).map((item) => item.name)).toEqual([
        'NPM_TOKEN',
        'OTHER',
      ]);
      expect((await call(who, 'GET', `${path}/NPM_TOKEN`)).status).toBe(200);
    }
    expect(findLeaks('answers', seen.join('\n'), [canary])).toEqual([]);
    expect(await sweepDatabase(database.url, [canary])).toEqual([]);
  });

  it('lists to readers, takes from writers, and hides from the rest [A-SEC-04]', async () => {
    const body = { name: 'TRIED', value: 'not-allowed' };
    expect((await call('developer', 'GET', path)).status).toBe(200);
    expect((await call('developer', 'POST', path, body)).status).toBe(403);
    expect((await call('viewer', 'GET', path)).status).toBe(403);
    expect((await call('viewer', 'POST', path, body)).status).toBe(403);
    expect((await call('viewer', 'DELETE', `${path}/NPM_TOKEN`)).status).toBe(403);
    expect((await call('outsider', 'GET', path)).status).toBe(404);
    expect((await call('nobody', 'GET', path)).status).toBe(401);
    expect(await database.db.secret.count({ where: { name: 'TRIED' } })).toBe(0);
  });

  it('keeps global secrets for whoever may everywhere [A-SEC-02]', async () => {
    const body = { name: 'GLOBAL', value: 'of-the-platform' };
    expect((await call('owner', 'POST', '/api/v1/secrets', body)).status).toBe(403);
    expect((await call('admin', 'POST', '/api/v1/secrets', body)).status).toBe(201);
    expect((await call('admin', 'POST', '/api/v1/secrets', body)).status).toBe(409);
    expect((await call('admin', 'DELETE', '/api/v1/secrets/GLOBAL')).status).toBe(204);
    expect((await call('admin', 'GET', '/api/v1/secrets/GLOBAL')).status).toBe(404);
  });

  it('answers 503 sealed without the master key, and still lists what there is [I3]', async () => {
    const refused = await call('owner', 'PUT', `${path}/NPM_TOKEN`, { value: canary }, sealed);
    expect(refused).toMatchObject({ status: 503, body: { code: 'sealed' } });
    expect((await call('owner', 'GET', path, undefined, sealed)).status).toBe(200);
  });
});
