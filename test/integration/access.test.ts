import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { permissions, type Permission } from '../../contracts/identity/permissions.ts';
import { can, canAll, canAny, requireAll, requireAny } from '../../domain/identity/check-access.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { createDb } from '../../domain/shared/db.ts';
import { acting, AccessSteps } from '../support/access-steps.ts';
import {
  openAppUnderTest,
  type AppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';

let t: AppUnderTest;
let admin: TestAccount;
let steps: AccessSteps;

beforeAll(async () => {
  t = await openAppUnderTest();
  admin = await t.account('root', 'admin');
  steps = new AccessSteps(t, admin);
});
afterAll(() => t.stop());

describe('system roles', () => {
  it('cannot be changed or deleted, own ones can [A-RBAC-01]', async () => {
    for (const role of ['admin', 'developer', 'ops', 'agent', 'viewer']) {
      expect((await t.call(admin, 'DELETE', `/api/v1/roles/${role}`)).status).toBe(409);
      const wider = { permissions: ['*:*'] };
      expect((await t.call(admin, 'PATCH', `/api/v1/roles/${role}`, wider)).status).toBe(409);
    }
    await steps.makeRole('passing', ['project:read']);
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
    expect(await steps.heldAt(await account('admin'))).toEqual([...permissions].sort());
    expect(await steps.heldAt(await account('agent'))).toEqual([]);
    expect(await steps.heldAt(await account('developer'))).not.toContain('deploy:promote');
    expect(await steps.heldAt(await account('ops'))).not.toContain('project:write');
    const viewer = await steps.heldAt(await account('viewer'));
    expect(
      viewer.filter((permission) => /write|run|delete|manage|promote/.test(permission)),
    ).toEqual([]);
    expect(await steps.heldAt(await account('editor'))).toContain('health:read');
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
    await steps.makeRole('reads-all', ['*:read']);
    const held = await steps.heldAt(await t.account('wild', 'reads-all'));
    expect(held).toEqual(expect.arrayContaining(['configs:read', 'audit:read', 'users:read']));
    expect(held).not.toContain('configs:write');
    await steps.makeRole('all-of-users', ['users:*']);
    expect(await steps.heldAt(await t.account('wild-users', 'all-of-users'))).toEqual([
      'users:read',
      'users:write',
    ]);
  });

  it('are inherited, and a circle of roles ends [B-RBAC-05]', async () => {
    await steps.makeRole('circle-a', ['configs:read']);
    await steps.makeRole('circle-b', ['audit:read'], ['circle-a']);
    await t.call(admin, 'PATCH', '/api/v1/roles/circle-a', { inherits: ['circle-b'] });
    expect(await steps.heldAt(await t.account('round', 'circle-a'))).toEqual([
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

async function urlOf(): Promise<string> {
  const rows = await t.db.$queryRaw<{ name: string; port: number }[]>`
    SELECT current_database() AS name, inet_server_port() AS port`;
  return `postgres://slipway@127.0.0.1:${rows[0]?.port ?? 0}/${rows[0]?.name ?? ''}`;
}

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
    const id = await steps.bind('twice', 'viewer');
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

  it('are found by parts of user, role and project, among all of them', async () => {
    const project = await t.project(admin, 'found_here');
    await t.account('finder_a', `developer@${project.id}`);
    await t.account('finderxa', `developer@${project.id}`);
    await t.account('finder-b', 'developer');
    const found = async (q: string): Promise<unknown[]> => {
      const path = `/api/v1/role-bindings?limit=5&q=${encodeURIComponent(q)}`;
      const { items } = (await t.call(admin, 'GET', path)).body as {
        items: { userName: string; projectPath: string | null }[];
      };
      return items.map(({ userName, projectPath }) => [userName, projectPath]);
    };
    const path = `${admin.name}/found_here`;
    expect(await found('finder_a developer')).toEqual([['finder_a', path]]);
    expect(await found(`finder ${path}`)).toEqual([
      ['finder_a', path],
      ['finderxa', path],
    ]);
    expect(await found('finder everywhere')).toEqual([['finder-b', null]]);
    expect(await found('finder%')).toEqual([]);
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
    expect(await steps.heldAt(helper)).toEqual([]);
  });

  it('and roles take effect on the next request, in a second process too [A-RBAC-10] [B-RBAC-06]', async () => {
    const user = await t.account('quick');
    expect(await steps.heldAt(user)).toEqual([]);
    const id = await steps.bind('quick', 'viewer');
    expect(await steps.heldAt(user)).toContain('project:read');
    const other = createDb(await urlOf(), { max: 2 });
    try {
      const principal = acting(user);
      expect(await can(other, principal, 'project:read', null)).toBe(true);
      await other.userRole.delete({ where: { id } });
      expect(await steps.heldAt(user)).toEqual([]);
    } finally {
      await other.$disconnect();
    }
    const roleId = await steps.makeRole('moving', ['configs:read']);
    await steps.bind('quick', 'moving');
    expect(await steps.heldAt(user)).toEqual(['configs:read']);
    await t.call(admin, 'PATCH', `/api/v1/roles/${roleId}`, { permissions: ['audit:read'] });
    expect(await steps.heldAt(user)).toEqual(['audit:read']);
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
    await steps.makeRole('told', ['project:read']);
    const audit = await t.db.auditEntry.findFirst({
      where: { action: 'role.created', actorId: admin.id },
      orderBy: { seq: 'desc' },
    });
    expect(audit?.detail).toMatchObject({ name: 'told' });
    const event = await t.db.event.findFirst({ where: { subjectId: audit?.resourceId ?? '' } });
    expect(event).toMatchObject({ type: 'access.changed', actorId: admin.id });
  });
});
