import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { routes } from '../../api/routes/index.ts';
import {
  openAppUnderTest,
  testPassword,
  type AppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { login, meStatus, withCookie } from '../support/session-steps.ts';
import { createTestToken } from '../support/test-api.ts';

jest.setTimeout(240_000);

let t: AppUnderTest;
let ann: TestAccount;

beforeAll(async () => {
  t = await openAppUnderTest();
  ann = await t.person('ann', 'admin');
});
afterAll(() => t.stop());

/** A token of Ann's with these scopes. */
const tokenOf = async (...scopes: string[]) => (await createTestToken(t.db, ann.id, scopes)).token;

async function limitedTokens(): Promise<[what: string, token: string][]> {
  const project = await t.project(ann, `limit-${Date.now().toString(36)}`);
  const ofProject = await createTestToken(t.db, ann.id);
  await t.db.apiToken.update({ where: { id: ofProject.id }, data: { projectId: project.id } });
  const agent = await t.account(`robot-${Date.now().toString(36)}`, 'admin');
  await t.db.user.update({ where: { id: agent.id }, data: { kind: 'agent' } });
  return [
    ['one scope', await tokenOf('project:read')],
    ['every scope that reads', await tokenOf('*:read')],
    ['all but one resource', await tokenOf('project:*', 'admin:*', 'users:*')],
    ['one project', ofProject.token],
    ['an agent', agent.token],
  ];
}

/** What each request of the account would do, with a body that would be taken. */
async function requestsOfTheAccount(): Promise<[method: string, address: string, body?: object][]> {
  const other = await createTestToken(t.db, ann.id);
  await login(t, 'ann');
  const session = await t.db.authSession.findFirstOrThrow({ where: { userId: ann.id } });
  await t.account('receiver').catch(() => null);
  const types = { items: [], webhookUrl: 'https://receiver.example/hook' };
  const newPassword = 'a password of mine 2';
  return [
    ['GET', '/api/v1/tokens'],
    ['POST', '/api/v1/tokens', { name: 'more', scopes: ['project:read'] }],
    ['DELETE', `/api/v1/tokens/${other.id}`],
    ['GET', '/api/v1/auth/sessions'],
    ['DELETE', `/api/v1/auth/sessions/${session.id}`],
    ['PUT', '/api/v1/auth/password', { currentPassword: testPassword, newPassword }],
    ['GET', '/api/v1/notifications'],
    ['GET', '/api/v1/notifications/unread-count'],
    ['POST', '/api/v1/notifications/read', {}],
    ['POST', '/api/v1/notifications/ntf_none/read'],
    ['POST', '/api/v1/notifications/ntf_none/redelivery'],
    ['GET', '/api/v1/notifications/preferences'],
    ['PUT', '/api/v1/notifications/preferences', types],
    ['GET', '/api/v1/delegations'],
    ['POST', '/api/v1/delegations', { delegate: 'receiver', permission: 'project:read' }],
    ['DELETE', '/api/v1/delegations/dlg_none'],
  ];
}

describe('what concerns the account', () => {
  it('is refused to every limited token and to agents, in words, and nothing is changed [A-IAM-06] [A-IAM-07] [A-IAM-08]', async () => {
    const before = await counts();
    const requests = await requestsOfTheAccount();
    const made = await counts();
    for (const [what, token] of await limitedTokens()) {
      for (const [method, address, body] of requests) {
        const answer = await t.call(token, method, address, body);
        expect(`${what}: ${method} ${address} ${String(answer.status)}`).toBe(
          `${what}: ${method} ${address} 403`,
        );
        expect((answer.body as { detail: string }).detail).toMatch(/account/);
      }
    }
    const after = await counts();
    expect(after.sessions).toBe(made.sessions);
    expect(after.preferences).toBe(before.preferences);
    expect(after.endpoints).toBe(before.endpoints);
    expect(after.delegations).toBe(before.delegations);
    expect(await t.db.user.count({ where: { id: ann.id, passwordHash: made.password } })).toBe(1);
  });

  it('is open to a session and to a token without limits [A-IAM-05]', async () => {
    const cookie = withCookie(await login(t, 'ann'));
    for (const address of [
      '/api/v1/tokens',
      '/api/v1/auth/sessions',
      '/api/v1/notifications',
      '/api/v1/notifications/unread-count',
      '/api/v1/notifications/preferences',
      '/api/v1/delegations',
    ]) {
      expect((await t.call(null, 'GET', address, undefined, cookie)).status).toBe(200);
      expect((await t.call(ann, 'GET', address)).status).toBe(200);
    }
  });

  it('is declared as such: no route below these addresses has another access [A-RBAC-17]', () => {
    const ofAccount = /^\/api\/v1\/(tokens|delegations|notifications|auth)(\/|$)/;
    // signing in and out, and asking who one is
    const others = ['/api/v1/auth/login', '/api/v1/auth/logout', '/api/v1/auth/me'];
    const wrong = routes.filter(
      ({ path, access }) =>
        ofAccount.test(path) && !others.includes(path) && access.kind !== 'account',
    );
    expect(wrong.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  });
});

async function counts() {
  const userId = ann.id;
  const { passwordHash } = await t.db.user.findUniqueOrThrow({ where: { id: userId } });
  return {
    sessions: await t.db.authSession.count({ where: { userId } }),
    preferences: await t.db.notificationPreference.count({ where: { userId } }),
    endpoints: await t.db.notificationEndpoint.count({ where: { userId } }),
    delegations: await t.db.delegation.count({ where: { delegatorId: userId } }),
    password: passwordHash,
  };
}

describe('one’s own row among the users', () => {
  it('is no way around: a token that may write users changes neither password nor address of its owner [A-IAM-07]', async () => {
    const clerk = await tokenOf('users:read', 'users:write', 'admin:users');
    for (const body of [
      { password: 'a password of mine 3' },
      { email: 'elsewhere@example.test' },
      { displayName: 'Somebody' },
      { isActive: false },
    ]) {
      const answer = await t.call(clerk, 'PATCH', '/api/v1/users/ann', body);
      expect(answer.status).toBe(403);
      expect((answer.body as { detail: string }).detail).toMatch(/account/);
    }
    expect(await meStatus(t, await login(t, 'ann'))).toBe(200);
    const whole = await t.call(ann, 'PATCH', '/api/v1/users/ann', { displayName: 'Ann' });
    expect(whole.status).toBe(200);
  });

  it('shows its mail address and roles to the whole account alone [A-IAM-07]', async () => {
    const narrow = await t.call(await tokenOf('project:read'), 'GET', '/api/v1/auth/me');
    expect(narrow.body).toMatchObject({ name: 'ann', email: null, scopes: ['project:read'] });
    const whole = await t.call(ann, 'GET', '/api/v1/auth/me');
    expect(whole.body).toMatchObject({ name: 'ann', email: 'ann@example.test' });
  });

  it('and its roles elsewhere are not listed to a limited token [A-IAM-08]', async () => {
    const bo = await t.account('bo');
    const project = await t.project(ann, 'for-bo');
    await t.call(ann, 'POST', '/api/v1/role-bindings', {
      user: 'bo',
      role: 'viewer',
      projectId: project.id,
    });
    const { token } = await createTestToken(t.db, bo.id, ['job:read']);
    expect((await t.call(token, 'GET', '/api/v1/role-bindings')).status).toBe(403);
    const all = await t.call(bo, 'GET', '/api/v1/role-bindings');
    expect((all.body as { items: unknown[] }).items).toHaveLength(1);
    const { token: reader } = await createTestToken(t.db, bo.id, ['project:read']);
    const there = await t.call(reader, 'GET', `/api/v1/role-bindings?projectId=${project.id}`);
    // the owner’s and their own
    expect((there.body as { items: unknown[] }).items).toHaveLength(2);
  });
});

describe('a token that makes a token', () => {
  it('makes none that lives longer than itself [A-IAM-06] [A-IAM-09]', async () => {
    const mortal = await createTestToken(t.db, ann.id);
    const expiresAt = new Date(Date.now() + 3_600_000);
    await t.db.apiToken.update({ where: { id: mortal.id }, data: { expiresAt } });
    const make = (at: Date | null) =>
      t.call(mortal.token, 'POST', '/api/v1/tokens', {
        name: 'child',
        scopes: ['*:*'],
        expiresAt: at?.toISOString() ?? null,
      });
    for (const at of [null, new Date(expiresAt.getTime() + 1000)]) {
      const answer = await make(at);
      expect(answer.status).toBe(403);
      expect((answer.body as { detail: string }).detail).toMatch(/outlive/);
    }
    expect((await make(new Date(expiresAt.getTime() - 1000))).status).toBe(201);
  });
});

describe('an Idempotency-Key', () => {
  it('gives a kept answer only to a credential that may do the same [A-IAM-07]', async () => {
    await t.account('cleo');
    const body = { user: 'cleo', role: 'viewer' };
    const key = { 'idempotency-key': 'the-same' };
    const first = await t.call(ann, 'POST', '/api/v1/role-bindings', body, key);
    expect(first.status).toBe(201);
    const again = await t.call(ann, 'POST', '/api/v1/role-bindings', body, key);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const narrow = await tokenOf('project:read');
    const other = await t.call(narrow, 'POST', '/api/v1/role-bindings', body, key);
    expect(other.status).toBe(403);
  });
});
