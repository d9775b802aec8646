import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Principal } from '../../contracts/identity/principal.ts';
import { effectivePermissions } from '../../domain/identity/check-access.ts';
import { acting, AccessSteps } from '../support/access-steps.ts';
import {
  openAppUnderTest,
  type AppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';

jest.setTimeout(240_000);

let t: AppUnderTest;
let admin: TestAccount;
let steps: AccessSteps;

beforeAll(async () => {
  t = await openAppUnderTest();
  admin = await t.account('root', 'admin');
  steps = new AccessSteps(t, admin);
});
afterAll(() => t.stop());

describe('delegations', () => {
  it('delegate single permissions on one project, and nothing else [A-RBAC-12] [A-RBAC-18]', async () => {
    const app = await t.project(admin, 'my-app');
    const other = await t.project(admin, 'other-app');
    const ops = await t.account('ops-one', 'ops');
    const agent = await steps.agent('agent-one', 'agent');
    for (const permission of ['observe:read', 'deploy:promote', 'alert:manage']) {
      const body = { delegate: 'agent-one', permission, projectId: app.id, reason: 'on call' };
      expect((await steps.delegate(ops, body)).status).toBe(201);
    }
    expect(await steps.heldAt(agent, app.id)).toEqual([
      'alert:manage',
      'deploy:promote',
      'observe:read',
    ]);
    expect(await steps.heldAt(agent, other.id)).toEqual([]);
    expect(await steps.heldAt(agent)).toEqual([]);
  });

  it('need the delegator to hold the permission [A-RBAC-13]', async () => {
    const viewer = await t.account('viewer-two', 'viewer');
    await steps.agent('agent-two');
    const body = { delegate: 'agent-two', permission: 'deploy:promote' };
    expect((await steps.delegate(viewer, body)).status).toBe(403);
    expect(await t.db.delegation.count({ where: { delegatorId: viewer.id } })).toBe(0);
  });

  it('end at once when revoked, by either side, and not by a stranger [A-RBAC-14]', async () => {
    const ops = await t.account('ops-three', 'ops');
    const agent = await steps.agent('agent-three');
    const stranger = await t.account('stranger-three');
    const body = { delegate: 'agent-three', permission: 'deploy:promote' };
    const { id } = await steps.delegate(ops, body);
    expect(await steps.heldAt(agent)).toEqual(['deploy:promote']);
    expect((await t.call(stranger, 'DELETE', `/api/v1/delegations/${id}`)).status).toBe(404);
    expect((await t.call(ops, 'DELETE', `/api/v1/delegations/${id}`)).status).toBe(204);
    expect(await steps.heldAt(agent)).toEqual([]);
    const row = await t.db.delegation.findUniqueOrThrow({ where: { id } });
    expect(row.revokedAt).not.toBeNull();
  });

  it('are refused twice while alive and can be given again after being revoked or over [A-RBAC-15]', async () => {
    const ops = await t.account('ops-four', 'ops');
    await steps.agent('agent-four');
    const body = { delegate: 'agent-four', permission: 'deploy:promote' };
    const { id } = await steps.delegate(ops, body);
    expect((await steps.delegate(ops, body)).status).toBe(409);
    await t.call(ops, 'DELETE', `/api/v1/delegations/${id}`);
    const again = await steps.delegate(ops, body);
    expect(again.status).toBe(201);
    const expiresAt = new Date(Date.now() - 1000);
    await t.db.delegation.update({ where: { id: again.id }, data: { expiresAt } });
    expect((await steps.delegate(ops, body)).status).toBe(201);
  });

  it('end when the delegator loses the permission, along a whole chain [A-RBAC-16]', async () => {
    const ops = await t.account('ops-five');
    const first = await steps.agent('agent-five');
    const second = await steps.agent('agent-six');
    const id = await steps.bind('ops-five', 'ops');
    const permission = 'deploy:promote';
    expect((await steps.delegate(ops, { delegate: 'agent-five', permission })).status).toBe(201);
    // as it could be delegated before agents were kept from it
    await steps.linkBefore(first, second, permission);
    expect(await steps.heldAt(second)).toEqual([permission]);
    await t.call(admin, 'DELETE', `/api/v1/role-bindings/${id}`);
    expect(await steps.heldAt(first)).toEqual([]);
    expect(await steps.heldAt(second)).toEqual([]);
  });

  it('in a circle keep nobody in power [A-RBAC-16]', async () => {
    const one = await t.account('circle-one');
    const two = await steps.agent('circle-two');
    const id = await steps.bind('circle-one', 'ops');
    const permission = 'deploy:promote';
    await steps.delegate(one, { delegate: 'circle-two', permission });
    await steps.linkBefore(two, one, permission);
    await t.call(admin, 'DELETE', `/api/v1/role-bindings/${id}`);
    expect(await steps.heldAt(one)).toEqual([]);
    expect(await steps.heldAt(two)).toEqual([]);
  });

  it('do not outlive their end in any cache [A-RBAC-11]', async () => {
    const ops = await t.account('ops-seven', 'ops');
    const agent = await steps.agent('agent-seven');
    // far enough away to be asked once before, near enough to wait for
    const end = Date.now() + 5_000;
    const expiresAt = new Date(end).toISOString();
    await steps.delegate(ops, { delegate: 'agent-seven', permission: 'deploy:promote', expiresAt });
    expect(await steps.heldAt(agent)).toEqual(['deploy:promote']);
    await new Promise((resolve) => setTimeout(resolve, end + 50 - Date.now()));
    expect(await steps.heldAt(agent)).toEqual([]);
  });

  it('of a deactivated user are over [A-RBAC-16]', async () => {
    const ops = await t.account('ops-eight', 'ops');
    const agent = await steps.agent('agent-eight');
    await steps.delegate(ops, { delegate: 'agent-eight', permission: 'deploy:promote' });
    await t.call(admin, 'PATCH', '/api/v1/users/ops-eight', { isActive: false });
    expect(await steps.heldAt(agent)).toEqual([]);
  });
});

describe('effective permissions', () => {
  it('are global roles, project roles and live delegations together [A-RBAC-09]', async () => {
    const project = await t.project(admin, 'union');
    const user = await t.account('union-user', 'reader', `viewer@${project.id}`);
    await steps.delegate(admin, {
      delegate: 'union-user',
      permission: 'alert:read',
      projectId: project.id,
    });
    const gone = await steps.delegate(admin, {
      delegate: 'union-user',
      permission: 'job:run',
      projectId: project.id,
    });
    await t.call(admin, 'DELETE', `/api/v1/delegations/${gone.id}`);
    const global = ['configs:read', 'deployments:read', 'executions:read', 'health:read'];
    const ofViewer = ['deploy:read', 'issue:read', 'observe:read', 'pipeline:read', 'project:read'];
    expect(await steps.heldAt(user)).toEqual(global);
    expect(await steps.heldAt(user, project.id)).toEqual(
      [...global, ...ofViewer, 'alert:read'].sort(),
    );
  });

  it('of an agent that acts for somebody are never more than theirs [A-RBAC-18]', async () => {
    const boss = await t.account('boss', 'viewer');
    const agent = await t.account('strong-agent', 'developer');
    const principal: Principal = { ...acting(agent), kind: 'agent', actChain: [boss.id] };
    const held = await effectivePermissions(t.db, principal, null);
    expect([...held].sort()).toEqual([
      'deploy:read',
      'issue:read',
      'observe:read',
      'pipeline:read',
      'project:read',
    ]);
  });
});
