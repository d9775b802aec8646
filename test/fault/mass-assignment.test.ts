import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  openAppUnderTest,
  type AppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';

let t: AppUnderTest;
let admin: TestAccount;

beforeAll(async () => {
  t = await openAppUnderTest();
  admin = await t.account('root', 'admin');
  await t.project(admin, 'target');
}, 240_000);
afterAll(() => t.stop());

const user = { name: 'mallory', email: 'mallory@example.test', password: 'a long enough password' };
const token = { name: 'mine', scopes: ['project:read'] };

/** Fields that the row has and the caller must not set. */
const smuggled: [string, string, string, object][] = [
  ['POST', 'id', '/api/v1/users', { ...user, id: 'usr_mine' }],
  ['POST', 'passwordHash', '/api/v1/users', { ...user, passwordHash: '$argon2id$x' }],
  ['POST', 'isActive', '/api/v1/users', { ...user, isActive: true }],
  ['POST', 'roles', '/api/v1/users', { ...user, roles: { create: { roleId: 'x' } } }],
  ['POST', 'role', '/api/v1/users', { ...user, role: 'admin' }],
  ['PATCH', 'kind', '/api/v1/users/root', { kind: 'agent' }],
  ['PATCH', 'id', '/api/v1/users/root', { id: 'usr_mine' }],
  ['PATCH', 'createdAt', '/api/v1/users/root', { createdAt: '2001-01-01T00:00:00Z' }],
  ['POST', 'userId', '/api/v1/tokens', { ...token, userId: 'usr_other' }],
  ['POST', 'tokenHash', '/api/v1/tokens', { ...token, tokenHash: 'x' }],
  ['POST', 'lastUsedAt', '/api/v1/tokens', { ...token, lastUsedAt: null }],
  ['POST', 'isSystem', '/api/v1/roles', { name: 'mine', permissions: [], isSystem: true }],
  ['POST', 'grantedBy', '/api/v1/role-bindings', { user: 'root', role: 'viewer', grantedBy: 'x' }],
  [
    'POST',
    'delegatorId',
    '/api/v1/delegations',
    { delegate: 'root', permission: 'project:read', delegatorId: 'x' },
  ],
  ['POST', 'ownerId', '/api/v1/projects', { name: 'mine', ownerId: 'usr_other' }],
  ['PATCH', 'ownerId', '/api/v1/projects/root/target', { ownerId: 'usr_other' }],
  ['PATCH', 'repoPath', '/api/v1/projects/root/target', { repoPath: '../../etc' }],
  ['PATCH', 'nextPipelineNumber', '/api/v1/projects/root/target', { nextPipelineNumber: 0 }],
];

async function rows(): Promise<unknown> {
  const { db } = t;
  return [
    await db.user.findMany(),
    await db.role.count(),
    await db.userRole.count(),
    await db.delegation.count(),
    await db.project.findMany(),
    await db.apiToken.count(),
  ];
}

describe('mass assignment', () => {
  it.each(smuggled)(
    '%s with %s is 400 and touches no row',
    async (method, field, address, body) => {
      const before = await rows();
      const answer = await t.call(admin, method, address, body);
      expect(answer.status).toBe(400);
      const { errors } = answer.body as { errors: { pointer: string; rule: string }[] };
      expect(errors).toEqual([expect.objectContaining({ pointer: `#/${field}`, rule: 'unknown' })]);
      expect(await rows()).toEqual(before);
    },
  );
});

const operators: [string, string, object][] = [
  ['POST', '/api/v1/auth/login', { name: { not: '' }, password: 'x' }],
  ['POST', '/api/v1/auth/login', { name: 'root', password: { not: '' } }],
  ['POST', '/api/v1/users', { ...user, email: { contains: '@' } }],
  ['PATCH', '/api/v1/users/root', { email: { set: 'x@example.test' } }],
  ['POST', '/api/v1/tokens', { ...token, scopes: { push: '*:*' } }],
  ['POST', '/api/v1/role-bindings', { user: { not: '' }, role: 'viewer' }],
  ['POST', '/api/v1/delegations', { delegate: ['root'], permission: 'project:read' }],
  ['PATCH', '/api/v1/projects/root/target', { visibility: { in: ['public'] } }],
];

describe('operator objects', () => {
  it.each(operators)('%s %s takes text for text only', async (method, address, body) => {
    const before = await rows();
    const answer = await t.call(admin, method, address, body);
    expect(answer.status).toBe(400);
    expect(await rows()).toEqual(before);
  });

  it('in a query are unknown keys', async () => {
    for (const query of ['token[not]=', 'user[not]=', 'q[contains]=a', 'limit[gt]=1']) {
      const answer = await t.call(admin, 'GET', `/api/v1/users?${query}`);
      expect([query, answer.status]).toEqual([query, 400]);
    }
  });
});
