import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureSystemUser, systemUserId } from '../../domain/identity/system-user.ts';
import { bootstrapAdmin } from '../../domain/identity/bootstrap-admin.ts';
import {
  openAppUnderTest,
  testPassword,
  type AppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { login, meStatus } from '../support/session-steps.ts';

let t: AppUnderTest;
let admin: TestAccount;

beforeAll(async () => {
  t = await openAppUnderTest();
  admin = await t.account('root', 'admin');
});
afterAll(() => t.stop());

describe('users', () => {
  it('are created, read, changed and deleted by an admin, and say nothing of their password [A-IAM-01] [A-IAM-02]', async () => {
    const made = await t.call(admin, 'POST', '/api/v1/users', {
      name: 'Ann',
      email: 'Ann@Example.test',
      displayName: 'Ann A.',
      password: 'a long enough password',
    });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      name: 'ann',
      email: 'ann@example.test',
      isActive: true,
      kind: 'human',
    });
    const { id } = made.body as { id: string };
    const changed = await t.call(admin, 'PATCH', `/api/v1/users/${id}`, { displayName: null });
    expect(changed.body).toMatchObject({ displayName: null });
    const listed = await t.call(admin, 'GET', '/api/v1/users?q=ann');
    for (const answer of [made, changed, listed]) {
      expect(JSON.stringify(answer.body)).not.toMatch(/argon2|password/i);
    }
    const row = await t.db.user.findUniqueOrThrow({ where: { id } });
    expect(row.passwordHash).toMatch(/^\$argon2id\$/);
    expect((await t.call(admin, 'DELETE', `/api/v1/users/${id}`)).status).toBe(204);
    expect((await t.call(admin, 'GET', `/api/v1/users/${id}`)).status).toBe(404);
  });

  it('finds a part of a name as it is written: no sign of it stands for another one', async () => {
    for (const name of ['und_er', 'undxer']) await t.account(name);
    const found = async (q: string) => {
      const answer = await t.call(admin, 'GET', `/api/v1/users?q=${encodeURIComponent(q)}`);
      return (answer.body as { items: { name: string }[] }).items.map((user) => user.name);
    };
    expect(await found('ND_E')).toEqual(['und_er']);
    expect(await found('u%r')).toEqual([]);
    expect(await found('und\\_er')).toEqual([]);
  });

  it('are changed by nobody who holds less than they do, be it on one project [A-IAM-01]', async () => {
    const role = { name: 'clerk', permissions: ['users:read', 'users:write', 'admin:users'] };
    expect((await t.call(admin, 'POST', '/api/v1/roles', role)).status).toBe(201);
    const place = await t.project(admin, 'above');
    const clerk = await t.account('clerk-1', 'clerk');
    const keeper = await t.account('keeper', `maintainer@${place.id}`);
    const helper = await t.account('helper-1');
    const given = { delegate: 'helper-1', permission: 'secret:read', projectId: place.id };
    expect((await t.call(admin, 'POST', '/api/v1/delegations', given)).status).toBe(201);
    const agent = { name: 'robot-1', kind: 'agent', email: 'robot-1@example.test' };
    expect((await t.call(admin, 'POST', '/api/v1/users', agent)).status).toBe(201);
    const bound = { user: 'robot-1', role: 'developer', projectId: place.id };
    expect((await t.call(admin, 'POST', '/api/v1/role-bindings', bound)).status).toBe(201);

    const asked = (who: TestAccount) =>
      Promise.all([
        t.call(who, 'PATCH', `/api/v1/users/${keeper.id}`, { password: 'a new long password' }),
        t.call(who, 'PATCH', `/api/v1/users/${helper.id}`, { password: 'a new long password' }),
        t.call(who, 'POST', '/api/v1/tokens', { user: 'robot-1', name: 'x', scopes: ['*:*'] }),
      ]);
    const refused = await asked(clerk);
    expect(refused.map(({ status }) => status)).toEqual([403, 403, 403]);
    expect(refused[0]?.body).toMatchObject({ detail: expect.stringContaining('holds more') });
    expect(JSON.stringify(refused)).not.toContain('above');
    expect((await t.call(clerk, 'DELETE', `/api/v1/users/${keeper.id}`)).status).toBe(403);
    const plain = await t.account('plain-1');
    const change = { password: 'a new long password' };
    expect((await t.call(clerk, 'PATCH', `/api/v1/users/${plain.id}`, change)).status).toBe(200);

    const both = { user: 'clerk-1', role: 'maintainer', projectId: place.id };
    expect((await t.call(admin, 'POST', '/api/v1/role-bindings', both)).status).toBe(201);
    expect((await asked(clerk)).slice(0, 2).map(({ status }) => status)).toEqual([200, 200]);
  });

  it('cannot take a name or an email that is taken [A-IAM-01]', async () => {
    await t.account('bob');
    const password = 'a long enough password';
    const sameName = { name: 'BOB', email: 'other@example.test', password };
    const sameEmail = { name: 'bobby', email: 'bob@example.test', password };
    for (const [body, pointer] of [
      [sameName, '#/name'],
      [sameEmail, '#/email'],
    ] as const) {
      const answer = await t.call(admin, 'POST', '/api/v1/users', body);
      expect(answer.status).toBe(409);
      expect(answer.body).toMatchObject({ code: 'already_exists', errors: [{ pointer }] });
    }
  });

  it('cannot be named like the id of somebody else, nor is an id taken for a name [A-IAM-01]', async () => {
    const bea = await t.account('bea');
    const password = 'a long enough password';
    const body = { name: bea.id, email: 'odd@example.test', password };
    const refused = await t.call(admin, 'POST', '/api/v1/users', body);
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ pointer: '#/name' }] } });
    // one of before
    const odd = await t.account('odd');
    await t.db.user.update({ where: { id: odd.id }, data: { name: bea.id } });
    await t.db.$executeRaw`UPDATE users SET display_name = 'moved' WHERE id = ${bea.id}`;
    const found = await t.call(admin, 'GET', `/api/v1/users/${bea.id}`);
    expect(found.body).toMatchObject({ id: bea.id });
  });

  it('and the platform are not the same thing: nobody is let act as it [A-IAM-01] [A-RBAC-09]', async () => {
    await ensureSystemUser(t.db);
    const asked = [
      ['POST', '/api/v1/tokens', { name: 'x', scopes: ['*:*'], user: systemUserId }],
      ['POST', '/api/v1/role-bindings', { user: systemUserId, role: 'viewer' }],
      ['POST', '/api/v1/delegations', { delegate: systemUserId, permission: 'project:read' }],
      ['PATCH', `/api/v1/users/${systemUserId}`, { isActive: false }],
      ['DELETE', `/api/v1/users/${systemUserId}`, undefined],
    ] as const;
    for (const [method, address, body] of asked) {
      const answer = await t.call(admin, method, address, body);
      expect([address, answer]).toMatchObject([
        address,
        { status: 409, body: { code: 'protected' } },
      ]);
    }
  });

  it('and agents are the same thing: an agent has roles and tokens and no password [A-IAM-11]', async () => {
    const agent = { name: 'builder', email: 'builder@example.test', kind: 'agent' };
    const refused = await t.call(admin, 'POST', '/api/v1/users', {
      ...agent,
      password: 'x'.repeat(20),
    });
    expect(refused.status).toBe(400);
    const made = await t.call(admin, 'POST', '/api/v1/users', agent);
    expect(made.body).toMatchObject({ kind: 'agent' });
    const bound = await t.call(admin, 'POST', '/api/v1/role-bindings', {
      user: 'builder',
      role: 'viewer',
    });
    expect(bound.status).toBe(201);
    const token = await t.call(admin, 'POST', '/api/v1/tokens', {
      name: 'of the agent',
      scopes: ['*:*'],
      user: 'builder',
    });
    const text = (token.body as { token: string }).token;
    const asked = await t.call(text, 'GET', '/api/v1/auth/me');
    expect(asked.body).toMatchObject({ name: 'builder', kind: 'agent', roles: ['viewer'] });
  });

  it('that are deactivated lose their session and tokens at once [A-IAM-10]', async () => {
    const eve = await t.person('eve');
    const cookie = await login(t, 'eve');
    expect(await meStatus(t, cookie)).toBe(200);
    expect((await t.call(eve, 'GET', '/api/v1/auth/me')).status).toBe(200);
    await t.call(admin, 'PATCH', '/api/v1/users/eve', { isActive: false });
    expect(await meStatus(t, cookie)).toBe(401);
    expect((await t.call(eve, 'GET', '/api/v1/auth/me')).status).toBe(401);
    const again = await t.call(null, 'POST', '/api/v1/auth/login', {
      name: 'eve',
      password: testPassword,
    });
    expect(again.status).toBe(401);
  });

  it('cannot be changed by somebody who holds less than they do', async () => {
    const clerk = await t.account('clerk');
    const role = { name: 'clerks', permissions: ['users:read', 'users:write'] };
    expect((await t.call(admin, 'POST', '/api/v1/roles', role)).status).toBe(201);
    await t.call(admin, 'POST', '/api/v1/role-bindings', { user: 'clerk', role: 'clerks' });
    const takeover = { password: 'a password of my own' };
    expect((await t.call(clerk, 'PATCH', '/api/v1/users/root', takeover)).status).toBe(403);
    await t.account('plain');
    expect((await t.call(clerk, 'PATCH', '/api/v1/users/plain', takeover)).status).toBe(200);
  });

  it('keep one active admin', async () => {
    const answer = await t.call(admin, 'PATCH', '/api/v1/users/root', { isActive: false });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ code: 'protected' });
    expect((await t.call(admin, 'GET', '/api/v1/auth/me')).status).toBe(200);
  });
});

describe('API tokens', () => {
  it('show their text once and never again, and are refused when revoked [A-IAM-06]', async () => {
    const kim = await t.account('kim');
    const made = await t.call(kim, 'POST', '/api/v1/tokens', {
      name: 'ci',
      scopes: ['project:read'],
    });
    expect(made.status).toBe(201);
    const { id, token } = made.body as { id: string; token: string };
    expect(token).toMatch(/^slp_/);
    const row = await t.db.apiToken.findUniqueOrThrow({ where: { id } });
    expect(row.tokenHash).toBe(createHash('sha256').update(token).digest('hex'));
    const listed = await t.call(kim, 'GET', '/api/v1/tokens');
    expect(JSON.stringify(listed.body)).not.toContain(token);
    expect(JSON.stringify(listed.body)).not.toContain(row.tokenHash);
    expect((await t.call(token, 'GET', '/api/v1/auth/me')).status).toBe(200);
    expect((await t.call(kim, 'DELETE', `/api/v1/tokens/${id}`)).status).toBe(204);
    expect((await t.call(token, 'GET', '/api/v1/auth/me')).status).toBe(401);
  });

  it('do no more than their scopes, whoever owns them [A-IAM-07]', async () => {
    const made = await t.call(admin, 'POST', '/api/v1/tokens', {
      name: 'read',
      scopes: ['project:read'],
    });
    const { token } = made.body as { token: string };
    expect((await t.call(token, 'GET', '/api/v1/projects')).status).toBe(200);
    const body = { name: 'x1', email: 'x1@example.test', kind: 'agent' };
    expect((await t.call(token, 'POST', '/api/v1/users', body)).status).toBe(403);
    const wider = { name: 'wider', scopes: ['*:*'] };
    expect((await t.call(token, 'POST', '/api/v1/tokens', wider)).status).toBe(403);
  });

  it('of one project do not open another [A-IAM-08]', async () => {
    const first = await t.project(admin, 'first');
    const second = await t.project(admin, 'second');
    const body = { name: 'one', scopes: ['*:*'], projectId: first.id };
    const made = await t.call(admin, 'POST', '/api/v1/tokens', body);
    const { token } = made.body as { token: string };
    expect((await t.call(token, 'GET', first.path)).status).toBe(200);
    expect((await t.call(token, 'GET', second.path)).status).toBe(404);
    const wider = { name: 'wider', scopes: ['*:*'], projectId: second.id };
    expect((await t.call(token, 'POST', '/api/v1/tokens', wider)).status).toBe(403);
  });

  it('know when they were used last, and expire [A-IAM-09]', async () => {
    const lea = await t.account('lea');
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const made = await t.call(lea, 'POST', '/api/v1/tokens', {
      name: 't',
      scopes: ['*:*'],
      expiresAt,
    });
    const { id, token } = made.body as { id: string; token: string };
    await t.call(token, 'GET', '/api/v1/auth/me');
    const used = await t.db.apiToken.findUniqueOrThrow({ where: { id } });
    expect(used.lastUsedAt).not.toBeNull();
    await t.db.apiToken.update({ where: { id }, data: { expiresAt: new Date(Date.now() - 1) } });
    expect((await t.call(token, 'GET', '/api/v1/auth/me')).status).toBe(401);
    const past = { name: 't', scopes: ['*:*'], expiresAt: '2001-01-01T00:00:00Z' };
    expect((await t.call(lea, 'POST', '/api/v1/tokens', past)).status).toBe(400);
  });

  it('are checked for typos without asking the database', async () => {
    const bad = `${admin.token.slice(0, -1)}${admin.token.endsWith('0') ? '1' : '0'}`;
    expect((await t.call(bad, 'GET', '/api/v1/auth/me')).status).toBe(401);
  });
});

describe('the first start', () => {
  it('makes one admin with a password and a token, and the second start makes none [A-CORE-12]', async () => {
    const fresh = await openAppUnderTest();
    try {
      const [first, second] = await Promise.all([
        bootstrapAdmin(fresh.db),
        bootstrapAdmin(fresh.db),
      ]);
      const made = first ?? second;
      expect([first, second].filter((result) => result !== null)).toHaveLength(1);
      expect(await bootstrapAdmin(fresh.db)).toBeNull();
      const body = { name: 'admin', password: made?.password };
      expect((await fresh.call(null, 'POST', '/api/v1/auth/login', body)).status).toBe(200);
      const roles = await fresh.call(made?.token ?? '', 'GET', '/api/v1/roles');
      const { items } = roles.body as { items: { name: string; isSystem: boolean }[] };
      const system = items.filter((role) => role.isSystem).map((role) => role.name);
      expect(system).toEqual(['admin', 'agent', 'developer', 'ops', 'viewer']);
    } finally {
      await fresh.stop();
    }
  });
});
