import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  openAppUnderTest,
  type AppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { AccessSteps } from '../support/access-steps.ts';
import { createTestToken } from '../support/test-api.ts';

jest.setTimeout(240_000);

let t: AppUnderTest;
let steps: AccessSteps;
let admin: TestAccount;
let owner: TestAccount;
let project: { id: string; path: string };

beforeAll(async () => {
  t = await openAppUnderTest();
  admin = await t.account('root', 'admin');
  steps = new AccessSteps(t, admin);
  owner = await t.account('owner', 'developer');
  project = await t.project(owner, 'private-one');
});
afterAll(() => t.stop());

const refusal = async (who: TestAccount, body: object) => {
  const answer = await t.call(who, 'POST', '/api/v1/delegations', body);
  return { status: answer.status, detail: (answer.body as { detail?: string }).detail ?? '' };
};

const ofProject = (who: TestAccount, query = '') =>
  t.call(who, 'GET', `${project.path}/delegations${query}`);

const idsOf = (answer: { body: unknown }) =>
  (answer.body as { items: { id: string }[] }).items.map(({ id }) => id);

describe('access to a private project', () => {
  it('is delegated by holders of project:delegate there, and by no reader or writer [A-RBAC-12] [A-RBAC-13]', async () => {
    await t.account('outsider-one');
    for (const role of ['viewer', 'developer']) {
      const member = await t.account(`${role}-one`, `${role}@${project.id}`);
      const body = { delegate: 'outsider-one', permission: 'project:read', projectId: project.id };
      const { status, detail } = await refusal(member, body);
      expect(status).toBe(403);
      expect(detail).toMatch(/project:delegate/);
    }
    const everywhere = await t.account('viewer-everywhere', 'viewer');
    for (const projectId of [project.id, null]) {
      for (const permission of ['project:read', 'issue:read', 'deploy:read']) {
        const body = { delegate: 'outsider-one', permission, projectId };
        expect((await refusal(everywhere, body)).status).toBe(403);
      }
    }
    expect(await t.db.delegation.count()).toBe(0);
    const body = { delegate: 'outsider-one', permission: 'project:read', projectId: project.id };
    expect((await steps.delegate(owner, body)).status).toBe(201);
  });

  it('is not delegated by an agent, nor by whoever was given it, at any depth [A-RBAC-16] [A-RBAC-18]', async () => {
    const worker = await steps.agent('worker', `maintainer@${project.id}`);
    const given = await t.account('given');
    await t.account('outsider-two');
    for (const permission of ['project:read', 'project:delegate']) {
      const body = { delegate: 'given', permission, projectId: project.id };
      expect((await steps.delegate(owner, body)).status).toBe(201);
    }
    const on = { delegate: 'outsider-two', permission: 'project:read', projectId: project.id };
    expect((await refusal(worker, on)).status).toBe(403);
    const { status, detail } = await refusal(given, on);
    expect(status).toBe(403);
    expect(detail).toMatch(/delegated/);
    const job = { delegate: 'outsider-two', permission: 'job:run' };
    await t.account('delegate');
    await steps.delegate(admin, { delegate: 'delegate', permission: 'job:run' });
    const first = await t.db.user.findUniqueOrThrow({ where: { name: 'delegate' } });
    const { token } = await createTestToken(t.db, first.id);
    expect((await t.call(token, 'POST', '/api/v1/delegations', job)).status).toBe(403);
  });

  it('goes by no role and no webhook either from an agent or a delegated hand [A-RBAC-08] [A-RBAC-18]', async () => {
    const worker = await steps.agent('worker-three', `maintainer@${project.id}`);
    const given = await t.account('given-three');
    await t.account('outsider-three');
    for (const permission of ['project:read', 'project:delegate', 'project:write']) {
      await steps.delegate(owner, { delegate: 'given-three', permission, projectId: project.id });
    }
    const role = await steps.makeRole('looker', ['project:read']);
    expect(role).not.toBe('');
    for (const hand of [worker, given]) {
      const members = `${project.path}/members`;
      const body = { user: 'outsider-three', role: 'looker' };
      expect((await t.call(hand, 'POST', members, body)).status).toBe(403);
      const binding = { ...body, projectId: project.id };
      expect((await t.call(hand, 'POST', '/api/v1/role-bindings', binding)).status).toBe(403);
      const hook = { url: 'https://receiver.example/hook', events: ['push'] };
      const made = await t.call(hand, 'POST', `${project.path}/webhooks`, hook);
      expect(made.status).toBe(403);
    }
    const body = { user: 'outsider-three', role: 'looker' };
    expect((await t.call(owner, 'POST', `${project.path}/members`, body)).status).toBe(201);
  });

  it('goes to no webhook by a token that may not read what the webhook is told [A-IAM-07]', async () => {
    const hooks = `${project.path}/webhooks`;
    const hook = (...events: string[]) => ({ url: 'https://receiver.example/hook', events });
    const { token } = await createTestToken(t.db, owner.id, ['project:delegate', 'project:read']);
    const small = (method: string, address: string, body: object) =>
      t.call(token, method, address, body);
    expect((await small('POST', hooks, hook('*'))).status).toBe(403);
    const refused = await small('POST', hooks, hook('deployment'));
    expect((refused.body as { detail: string }).detail).toMatch(/deploy:read/);
    expect((await small('POST', hooks, hook('push', 'issue'))).status).toBe(201);
    const whole = await t.call(owner, 'POST', hooks, hook('*'));
    expect(whole.status).toBe(201);
    const one = `${hooks}/${(whole.body as { id: string }).id}`;
    const moved = { url: 'https://elsewhere.example/hook' };
    expect((await small('PATCH', one, moved)).status).toBe(403);
    expect((await small('PATCH', one, { active: false })).status).toBe(200);
  });

  it('that runs things is handed by their operator to an agent, and to nobody else [A-RBAC-12] [A-RBAC-16]', async () => {
    const ops = await t.account('ops-four', 'ops');
    await steps.agent('helper-four');
    await t.account('friend-four');
    for (const permission of ['observe:read', 'deploy:promote', 'alert:manage']) {
      const to = (delegate: string) => ({ delegate, permission, projectId: project.id });
      expect((await steps.delegate(ops, to('helper-four'))).status).toBe(201);
      expect((await refusal(ops, to('friend-four'))).status).toBe(403);
    }
    const secret = { delegate: 'helper-four', permission: 'secret:read', projectId: project.id };
    expect((await refusal(ops, secret)).status).toBe(403);
    const opsHere = await t.account('ops-here', `ops@${project.id}`);
    const promote = { delegate: 'helper-four', permission: 'deploy:promote' };
    expect((await refusal(opsHere, { ...promote, projectId: project.id })).status).toBe(403);
  });
});

describe('the delegations of a project', () => {
  it('are listed and taken back by holders of project:delegate, whoever made them and when [A-RBAC-14]', async () => {
    const reader = await t.account('reader-five', `viewer@${project.id}`);
    const friend = await t.account('friend-five');
    const old = await steps.linkBefore(reader, friend, 'project:read', project.id);
    // what was given before goes on living until somebody who may takes it back
    expect(await steps.heldAt(friend, project.id)).toContain('project:read');
    const listed = await ofProject(owner);
    expect(listed.status).toBe(200);
    expect(idsOf(listed)).toContain(old);
    expect(JSON.stringify(listed.body)).toContain('reader-five');
    const elsewhere = await t.project(owner, 'elsewhere');
    const foreign = await t.call(owner, 'GET', `${elsewhere.path}/delegations`);
    expect(foreign.body).toMatchObject({ items: [] });
    const wrong = await t.call(owner, 'DELETE', `${elsewhere.path}/delegations/${old}`);
    expect(wrong.status).toBe(404);
    const gone = await t.call(owner, 'DELETE', `${project.path}/delegations/${old}`);
    expect(gone.status).toBe(204);
    expect(await steps.heldAt(friend, project.id)).not.toContain('project:read');
    expect(idsOf(await ofProject(owner))).not.toContain(old);
    const all = await ofProject(owner, '?live=false');
    const row = (all.body as { items: { id: string; revokedBy: string | null }[] }).items.find(
      ({ id }) => id === old,
    );
    expect(row).toMatchObject({ revokedByName: 'owner' });
    const audit = await t.db.auditEntry.findFirstOrThrow({
      where: { action: 'delegation.revoked', resourceId: old },
    });
    expect(audit).toMatchObject({ projectId: project.id, actorId: owner.id });
    const event = await t.db.event.findFirstOrThrow({
      where: { type: 'access.changed', subjectId: old },
    });
    expect(event.projectId).toBe(project.id);
  });

  it('are told to nobody else [A-RBAC-17]', async () => {
    const reader = await t.account('reader-six', `viewer@${project.id}`);
    const writer = await t.account('writer-six', `developer@${project.id}`);
    const stranger = await t.account('stranger-six');
    for (const [who, status] of [
      [reader, 403],
      [writer, 403],
      [stranger, 404],
    ] as const) {
      expect((await ofProject(who)).status).toBe(status);
      const address = `${project.path}/delegations/dlg_none`;
      expect((await t.call(who, 'DELETE', address)).status).toBe(status);
    }
  });

  it('a chain that was made before lives as long as its first link [A-RBAC-16]', async () => {
    const one = await t.account('link-one');
    const two = await t.account('link-two');
    const first = await steps.linkBefore(owner, one, 'project:read', project.id);
    await steps.linkBefore(one, two, 'project:read', project.id);
    expect(await steps.heldAt(two, project.id)).toContain('project:read');
    await t.call(owner, 'DELETE', `${project.path}/delegations/${first}`);
    expect(await steps.heldAt(two, project.id)).toEqual([]);
  });
});
