import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { anonymousPrincipal, type Principal } from '../../contracts/identity/principal.ts';
import { permissions, type Permission } from '../../contracts/identity/permissions.ts';
import {
  can,
  canAll,
  canAny,
  effectivePermissions,
  requireAll,
  requireAny,
} from '../../domain/identity/check-access.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { createDb } from '../../domain/shared/db.ts';
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
});
afterAll(() => t.stop());

async function heldAt(who: TestAccount, projectId?: string): Promise<string[]> {
  const query = projectId === undefined ? '' : `?projectId=${projectId}`;
  const answer = await t.call(who, 'GET', `/api/v1/auth/me${query}`);
  return (answer.body as { permissions: string[] }).permissions;
}

const acting = (user: { id: string; name: string }): Principal => ({
  ...anonymousPrincipal,
  userId: user.id,
  userName: user.name,
  kind: 'human',
  via: 'session',
});

async function makeRole(name: string, granted: string[], inherits: string[] = []): Promise<string> {
  const answer = await t.call(admin, 'POST', '/api/v1/roles', {
    name,
    permissions: granted,
    inherits,
  });
  expect(answer.status).toBe(201);
  return (answer.body as { id: string }).id;
}

async function bind(user: string, role: string, projectId?: string): Promise<string> {
  const body = { user, role, projectId };
  const answer = await t.call(admin, 'POST', '/api/v1/role-bindings', body);
  expect(answer.status).toBe(201);
  return (answer.body as { id: string }).id;
}

describe('system roles', () => {
  it('cannot be changed or deleted, own ones can [A-RBAC-01]', async () => {
    for (const role of ['admin', 'developer', 'ops', 'agent', 'viewer']) {
      expect((await t.call(admin, 'DELETE', `/api/v1/roles/${role}`)).status).toBe(409);
      const wider = { permissions: ['*:*'] };
      expect((await t.call(admin, 'PATCH', `/api/v1/roles/${role}`, wider)).status).toBe(409);
    }
    await makeRole('passing', ['project:read']);
    expect((await t.call(admin, 'DELETE', '/api/v1/roles/passing')).status).toBe(204);
    expect((await t.call(admin, 'GET', '/api/v1/roles/passing')).status).toBe(404);
  });

  it('hold exactly what the specification says [A-RBAC-03] [A-RBAC-04] [A-RBAC-05] [A-RBAC-06] [A-RBAC-07] [B-RBAC-03]', async () => {
    const listed = await t.call(admin, 'GET', '/api/v1/roles');
    const { items } = listed.body as {
      items: { name: string; permissions: string[]; inherits: string[] }[];
    };
    const of = (name: string) => items.find((role) => role.name === name);
    expect(of('admin')?.permissions).toEqual(['*:*']);
    expect(of('developer')?.permissions).toEqual([
      'agent:run',
      'deploy:read',
      'observe:read',
      'project:read',
      'project:write',
      'secret:read',
    ]);
    expect(of('ops')?.permissions).toEqual([
      'alert:manage',
      'deploy:promote',
      'deploy:read',
      'observe:read',
      'observe:write',
      'secret:read',
    ]);
    expect(of('agent')?.permissions).toEqual([]);
    expect(of('viewer')?.permissions).toEqual(['deploy:read', 'observe:read', 'project:read']);
    expect(of('editor')).toMatchObject({ inherits: ['reader'] });
  });

  it('give what they name and no more', async () => {
    const account = (role: string) => t.account(`only-${role}`, role);
    expect(await heldAt(await account('admin'))).toEqual([...permissions].sort());
    expect(await heldAt(await account('agent'))).toEqual([]);
    expect(await heldAt(await account('developer'))).not.toContain('deploy:promote');
    expect(await heldAt(await account('ops'))).not.toContain('project:write');
    const viewer = await heldAt(await account('viewer'));
    expect(
      viewer.filter((permission) => /write|run|delete|manage|promote/.test(permission)),
    ).toEqual([]);
    expect(await heldAt(await account('editor'))).toContain('health:read');
  });
});

describe('permissions', () => {
  it('are a closed list with the names of the specification [A-RBAC-02]', async () => {
    const answer = await t.call(admin, 'GET', '/api/v1/permissions');
    const { items } = answer.body as { items: string[] };
    expect(items).toEqual(
      expect.arrayContaining([
        'project:read',
        'project:write',
        'agent:run',
        'deploy:read',
        'deploy:promote',
        'observe:read',
        'observe:write',
        'alert:manage',
        'secret:read',
        'admin:users',
      ]),
    );
  });

  it('that are no resource:action are refused [B-RBAC-01]', async () => {
    for (const bad of ['configs', 'configs:', ':read', 'a:b:c', 'Configs:Read', 'nothing:known']) {
      const body = { name: 'malformed', permissions: [bad] };
      const answer = await t.call(admin, 'POST', '/api/v1/roles', body);
      expect([bad, answer.status]).toEqual([bad, 400]);
    }
  });

  it('may be wildcards: *:read reads everything and writes nothing [B-RBAC-02]', async () => {
    await makeRole('reads-all', ['*:read']);
    const held = await heldAt(await t.account('wild', 'reads-all'));
    expect(held).toEqual(expect.arrayContaining(['configs:read', 'audit:read', 'users:read']));
    expect(held).not.toContain('configs:write');
    await makeRole('all-of-users', ['users:*']);
    expect(await heldAt(await t.account('wild-users', 'all-of-users'))).toEqual([
      'users:read',
      'users:write',
    ]);
  });

  it('are inherited, and a circle of roles ends [B-RBAC-05]', async () => {
    await makeRole('circle-a', ['configs:read']);
    await makeRole('circle-b', ['audit:read'], ['circle-a']);
    await t.call(admin, 'PATCH', '/api/v1/roles/circle-a', { inherits: ['circle-b'] });
    expect(await heldAt(await t.account('round', 'circle-a'))).toEqual([
      'audit:read',
      'configs:read',
    ]);
  });

  it('can be asked for as any or all of several [B-RBAC-04]', async () => {
    const user = await t.account('asker', 'reader');
    const principal = acting(user);
    const caller = {
      principal,
      request: { requestId: 'req_test', ipAddr: null, traceparent: null },
    };
    const some: Permission[] = ['configs:read', 'configs:write'];
    const both: Permission[] = ['configs:read', 'audit:read'];
    expect(await canAny(t.db, principal, some, null)).toBe(true);
    expect(await canAll(t.db, principal, both, null)).toBe(false);
    await expect(requireAny(t.db, caller, some, null)).resolves.toBeUndefined();
    await expect(requireAll(t.db, caller, both, null)).rejects.toMatchObject({ code: 'forbidden' });
  });
});

describe('role bindings', () => {
  it('on one project give nothing on another [A-RBAC-08]', async () => {
    const here = await t.project(admin, 'here');
    const there = await t.project(admin, 'there', { visibility: 'internal' });
    const dev = await t.account('dev', `developer@${here.id}`);
    const change = { description: 'mine' };
    expect((await t.call(dev, 'PATCH', here.path, change)).status).toBe(200);
    expect((await t.call(dev, 'PATCH', there.path, change)).status).toBe(403);
    const binding = await t.db.userRole.findFirstOrThrow({ where: { userId: dev.id } });
    expect(binding.projectId).toBe(here.id);
  });

  it('are unique, also everywhere, and name who gave them [A-RBAC-08]', async () => {
    await t.account('twice');
    const id = await bind('twice', 'viewer');
    const again = await t.call(admin, 'POST', '/api/v1/role-bindings', {
      user: 'twice',
      role: 'viewer',
    });
    expect(again.status).toBe(409);
    const row = await t.db.userRole.findUniqueOrThrow({ where: { id } });
    expect(row.grantedBy).toBe(admin.id);
    const twin = { id: newId('binding'), userId: row.userId, roleId: row.roleId };
    await expect(t.db.userRole.create({ data: twin })).rejects.toThrow();
  });

  it('cannot give what their maker does not hold', async () => {
    const project = await t.project(admin, 'climbing');
    const lead = await t.account('lead', `maintainer@${project.id}`);
    const helper = await t.account('helper');
    const give = (role: string, projectId: string | null) =>
      t.call(lead, 'POST', '/api/v1/role-bindings', { user: 'helper', role, projectId });
    expect((await give('developer', project.id)).status).toBe(201);
    expect((await give('admin', project.id)).status).toBe(403);
    expect((await give('viewer', null)).status).toBe(403);
    expect(await heldAt(helper)).toEqual([]);
  });

  it('and roles take effect on the next request, in a second process too [A-RBAC-10] [B-RBAC-06]', async () => {
    const user = await t.account('quick');
    expect(await heldAt(user)).toEqual([]);
    const id = await bind('quick', 'viewer');
    expect(await heldAt(user)).toContain('project:read');
    const other = createDb(await urlOf(), { max: 2 });
    try {
      const principal = acting(user);
      expect(await can(other, principal, 'project:read', null)).toBe(true);
      await other.userRole.delete({ where: { id } });
      expect(await heldAt(user)).toEqual([]);
    } finally {
      await other.$disconnect();
    }
    const roleId = await makeRole('moving', ['configs:read']);
    await bind('quick', 'moving');
    expect(await heldAt(user)).toEqual(['configs:read']);
    await t.call(admin, 'PATCH', `/api/v1/roles/${roleId}`, { permissions: ['audit:read'] });
    expect(await heldAt(user)).toEqual(['audit:read']);
  });
});

async function urlOf(): Promise<string> {
  const rows = await t.db.$queryRaw<{ name: string; port: number }[]>`
    SELECT current_database() AS name, inet_server_port() AS port`;
  return `postgres://slipway@127.0.0.1:${rows[0]?.port ?? 0}/${rows[0]?.name ?? ''}`;
}

async function delegate(from: TestAccount, body: object): Promise<{ status: number; id: string }> {
  const answer = await t.call(from, 'POST', '/api/v1/delegations', body);
  return { status: answer.status, id: (answer.body as { id?: string }).id ?? '' };
}

describe('delegations', () => {
  it('hand on single permissions on one project, and nothing else [A-RBAC-12] [A-RBAC-18]', async () => {
    const app = await t.project(admin, 'my-app');
    const other = await t.project(admin, 'other-app');
    const ops = await t.account('ops-one', 'ops');
    const agent = await t.account('agent-one', 'agent');
    for (const permission of ['observe:read', 'deploy:promote', 'alert:manage']) {
      const body = { delegate: 'agent-one', permission, projectId: app.id, reason: 'on call' };
      expect((await delegate(ops, body)).status).toBe(201);
    }
    expect(await heldAt(agent, app.id)).toEqual(['alert:manage', 'deploy:promote', 'observe:read']);
    expect(await heldAt(agent, other.id)).toEqual([]);
    expect(await heldAt(agent)).toEqual([]);
  });

  it('need the delegator to hold the permission [A-RBAC-13]', async () => {
    const viewer = await t.account('viewer-two', 'viewer');
    await t.account('agent-two');
    const body = { delegate: 'agent-two', permission: 'deploy:promote' };
    expect((await delegate(viewer, body)).status).toBe(403);
    expect(await t.db.delegation.count({ where: { delegatorId: viewer.id } })).toBe(0);
  });

  it('end at once when revoked, by either side, and not by a stranger [A-RBAC-14]', async () => {
    const ops = await t.account('ops-three', 'ops');
    const agent = await t.account('agent-three');
    const stranger = await t.account('stranger-three');
    const body = { delegate: 'agent-three', permission: 'deploy:promote' };
    const { id } = await delegate(ops, body);
    expect(await heldAt(agent)).toEqual(['deploy:promote']);
    expect((await t.call(stranger, 'DELETE', `/api/v1/delegations/${id}`)).status).toBe(404);
    expect((await t.call(ops, 'DELETE', `/api/v1/delegations/${id}`)).status).toBe(204);
    expect(await heldAt(agent)).toEqual([]);
    const row = await t.db.delegation.findUniqueOrThrow({ where: { id } });
    expect(row.revokedAt).not.toBeNull();
  });

  it('are refused twice while alive and can be given again after being revoked or over [A-RBAC-15]', async () => {
    const ops = await t.account('ops-four', 'ops');
    await t.account('agent-four');
    const body = { delegate: 'agent-four', permission: 'deploy:promote' };
    const { id } = await delegate(ops, body);
    expect((await delegate(ops, body)).status).toBe(409);
    await t.call(ops, 'DELETE', `/api/v1/delegations/${id}`);
    const again = await delegate(ops, body);
    expect(again.status).toBe(201);
    const expiresAt = new Date(Date.now() - 1000);
    await t.db.delegation.update({ where: { id: again.id }, data: { expiresAt } });
    expect((await delegate(ops, body)).status).toBe(201);
  });

  it('end when the delegator loses the permission, along a whole chain [A-RBAC-16]', async () => {
    const ops = await t.account('ops-five');
    const first = await t.account('agent-five');
    const second = await t.account('agent-six');
    const id = await bind('ops-five', 'ops');
    const permission = 'deploy:promote';
    expect((await delegate(ops, { delegate: 'agent-five', permission })).status).toBe(201);
    expect((await delegate(first, { delegate: 'agent-six', permission })).status).toBe(201);
    expect(await heldAt(second)).toEqual([permission]);
    await t.call(admin, 'DELETE', `/api/v1/role-bindings/${id}`);
    expect(await heldAt(first)).toEqual([]);
    expect(await heldAt(second)).toEqual([]);
  });

  it('in a circle keep nobody in power [A-RBAC-16]', async () => {
    const one = await t.account('circle-one');
    const two = await t.account('circle-two');
    const id = await bind('circle-one', 'ops');
    const permission = 'deploy:promote';
    await delegate(one, { delegate: 'circle-two', permission });
    expect((await delegate(two, { delegate: 'circle-one', permission })).status).toBe(201);
    await t.call(admin, 'DELETE', `/api/v1/role-bindings/${id}`);
    expect(await heldAt(one)).toEqual([]);
    expect(await heldAt(two)).toEqual([]);
  });

  it('do not outlive their end in any cache [A-RBAC-11]', async () => {
    const ops = await t.account('ops-seven', 'ops');
    const agent = await t.account('agent-seven');
    const expiresAt = new Date(Date.now() + 1200).toISOString();
    await delegate(ops, { delegate: 'agent-seven', permission: 'deploy:promote', expiresAt });
    expect(await heldAt(agent)).toEqual(['deploy:promote']);
    await new Promise((resolve) => setTimeout(resolve, 1400));
    expect(await heldAt(agent)).toEqual([]);
  });

  it('of a deactivated user are over [A-RBAC-16]', async () => {
    const ops = await t.account('ops-eight', 'ops');
    const agent = await t.account('agent-eight');
    await delegate(ops, { delegate: 'agent-eight', permission: 'deploy:promote' });
    await t.call(admin, 'PATCH', '/api/v1/users/ops-eight', { isActive: false });
    expect(await heldAt(agent)).toEqual([]);
  });
});

describe('effective permissions', () => {
  it('are global roles, project roles and live delegations together [A-RBAC-09]', async () => {
    const project = await t.project(admin, 'union');
    const user = await t.account('union-user', 'reader', `viewer@${project.id}`);
    await delegate(admin, {
      delegate: 'union-user',
      permission: 'alert:read',
      projectId: project.id,
    });
    const gone = await delegate(admin, {
      delegate: 'union-user',
      permission: 'job:run',
      projectId: project.id,
    });
    await t.call(admin, 'DELETE', `/api/v1/delegations/${gone.id}`);
    const global = ['configs:read', 'deployments:read', 'executions:read', 'health:read'];
    const ofViewer = ['deploy:read', 'issue:read', 'observe:read', 'pipeline:read', 'project:read'];
    expect(await heldAt(user)).toEqual(global);
    expect(await heldAt(user, project.id)).toEqual([...global, ...ofViewer, 'alert:read'].sort());
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

describe('administration', () => {
  it('of roles, permissions, delegations and users is for admins [A-RBAC-19]', async () => {
    const dev = await t.account('not-admin', 'developer', 'ops', 'viewer');
    const attempts: [string, string, object?][] = [
      ['GET', '/api/v1/users'],
      ['POST', '/api/v1/users', { name: 'x2', email: 'x2@example.test', kind: 'agent' }],
      ['PATCH', '/api/v1/users/root', { displayName: 'x' }],
      ['DELETE', '/api/v1/users/root'],
      ['GET', '/api/v1/roles'],
      ['POST', '/api/v1/roles', { name: 'mine', permissions: ['project:read'] }],
      ['PATCH', '/api/v1/roles/reader', { permissions: [] }],
      ['DELETE', '/api/v1/roles/reader'],
      ['POST', '/api/v1/role-bindings', { user: 'not-admin', role: 'viewer' }],
      ['POST', '/api/v1/delegations', { delegate: 'root', permission: 'admin:manage' }],
    ];
    for (const [method, address, body] of attempts) {
      const answer = await t.call(dev, method, address, body);
      expect([method, address, answer.status]).toEqual([method, address, 403]);
    }
    const listed = await t.call(dev, 'GET', '/api/v1/delegations');
    expect(listed.body).toMatchObject({ total: 0 });
  });

  it('writes an audit row and an event with each change', async () => {
    await makeRole('told', ['project:read']);
    const audit = await t.db.auditEntry.findFirst({
      where: { action: 'role.created', actorId: admin.id },
      orderBy: { seq: 'desc' },
    });
    expect(audit?.detail).toMatchObject({ name: 'told' });
    const event = await t.db.event.findFirst({ where: { subjectId: audit?.resourceId ?? '' } });
    expect(event).toMatchObject({ type: 'access.changed', actorId: admin.id });
  });
});
