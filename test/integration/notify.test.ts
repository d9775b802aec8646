import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { NotificationRecord } from '../../domain/notify/notification-record.ts';
import { notifyOfEvent } from '../../domain/notify/notify-of-event.ts';
import { prepareDelivery } from '../../domain/notify/prepare-delivery.ts';
import { newId } from '../../domain/shared/new-id.ts';
import {
  type AppUnderTest,
  openAppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { bindTestRole } from '../support/test-api.ts';
import { eventRecord, failedBuildEvent, makeGate, makeRun } from '../support/notify-steps.ts';

jest.setTimeout(240_000);

let sut: AppUnderTest;
let owner: TestAccount;
let developer: TestAccount;
let viewer: TestAccount;
let ops: TestAccount;
let outsider: TestAccount;
let project: { id: string; path: string };
const withMail = { email: true };

beforeAll(async () => {
  sut = await openAppUnderTest();
  owner = await sut.account('nowner', 'developer');
  project = await sut.project(owner, 'roof');
  developer = await sut.account('ndev', `developer@${project.id}`);
  viewer = await sut.account('nviewer', `viewer@${project.id}`);
  ops = await sut.account('nops', `ops@${project.id}`);
  outsider = await sut.account('noutsider');
});
afterAll(() => sut.stop());

const base = '/api/v1/notifications';

interface List {
  items: NotificationRecord[];
  total: number;
  nextCursor: string | null;
}

async function list(who: TestAccount, query = ''): Promise<List> {
  const answer = await sut.call(who, 'GET', `${base}${query}`);
  expect(answer.status).toBe(200);
  return answer.body as List;
}

/** Who has a row for this event, as `name channel`. */
async function toldOf(eventId: string): Promise<string[]> {
  const rows = await sut.db.notification.findMany({
    where: { eventId },
    include: { user: { select: { name: true } } },
  });
  return rows.map((row) => `${row.user.name} ${row.channel}`).sort();
}

const failedBuild = () => failedBuildEvent(sut.db, project.id, developer.id);

describe('notifications of events', () => {
  it('tell of a failed build: members in the app, and by mail whoever pushed; once, however often the event comes [A-NOT-02]', async () => {
    const event = await failedBuild();
    await Promise.all([
      notifyOfEvent(sut.db, event, withMail),
      notifyOfEvent(sut.db, event, withMail),
    ]);
    await notifyOfEvent(sut.db, event, withMail);
    expect(await toldOf(event.id)).toEqual([
      'ndev email',
      'ndev in_app',
      'nowner in_app',
      'nviewer in_app',
    ]);
    const { items } = await list(developer);
    expect(items[0]).toMatchObject({
      type: 'build_failed',
      status: 'sent',
      subject: expect.stringMatching(/^nowner\/roof #\d+ failed at test on main$/) as unknown,
      body: 'Mend the roof\ntest: exit code 1',
      refType: 'pipeline',
      refId: event.subjectId,
      link: `/pipelines/${event.subjectId ?? ''}`,
      project: { owner: 'nowner', name: 'roof' },
      actor: { id: developer.id, name: 'ndev' },
      changeId: event.changeId,
    });
    expect(await sut.db.delivery.count({ where: { eventId: event.id } })).toBe(1);
  });

  it('tell nobody of a build that went well, nor by mail while there is no mail server [A-NOT-02]', async () => {
    const good = eventRecord('pipeline.completed', {
      projectId: project.id,
      subjectId: (await makeRun(sut.db, project.id, { status: 'success' })).id,
      payload: { status: 'success' },
    });
    expect(await notifyOfEvent(sut.db, good, withMail)).toEqual([]);
    expect(await toldOf(good.id)).toEqual([]);
    const bad = await failedBuild();
    await notifyOfEvent(sut.db, bad, { email: false });
    expect((await toldOf(bad.id)).filter((row) => row.endsWith('email'))).toEqual([]);
  });

  it('tell of a new merge request whoever may review it, not its author [A-NOT-02] [A-MR-07]', async () => {
    const id = newId('mergeRequest');
    await sut.db.mergeRequest.create({
      data: {
        id,
        projectId: project.id,
        number: 1,
        authorId: developer.id,
        sourceBranch: 'roof',
        targetBranch: 'main',
        title: 'A new\nroof',
        headSha: '0'.repeat(40),
        changeId: newId('change'),
      },
    });
    const event = eventRecord('mr.created', {
      projectId: project.id,
      actorId: developer.id,
      subjectId: id,
    });
    await notifyOfEvent(sut.db, event, withMail);
    expect(await toldOf(event.id)).toEqual(['nowner in_app']);
    expect((await list(owner, '?type=mr_created')).items).toMatchObject([
      {
        subject: 'nowner/roof !1: A new roof',
        body: 'ndev wants to merge roof into main',
        refType: 'mr',
        link: '/projects/nowner/roof/merge-requests/1',
      },
    ]);
  });

  it('tell of a waiting gate everybody who may decide it, and nobody whose own agent asked [A-NOT-02]', async () => {
    const gateId = await makeGate(sut.db, project.id, { requestedBy: developer.id });
    const opened = (subjectId: string) =>
      eventRecord('gate.opened', { projectId: project.id, subjectId });
    const event = opened(gateId);
    await notifyOfEvent(sut.db, event, withMail);
    expect(await toldOf(event.id)).toEqual(['nowner email', 'nowner in_app']);
    const agentId = newId('user');
    await sut.db.user.create({
      data: { id: agentId, name: 'nagent', email: 'nagent@example.test', kind: 'agent' },
    });
    await bindTestRole(sut.db, agentId, 'viewer', project.id);
    const { id: permissionId } = await sut.db.permission.findUniqueOrThrow({
      where: { name: 'deploy:promote' },
    });
    await sut.db.delegation.create({
      data: {
        id: newId('delegation'),
        delegatorId: ops.id,
        delegateId: agentId,
        permissionId,
        projectId: project.id,
      },
    });
    const ofAgent = opened(await makeGate(sut.db, project.id, { requestedBy: agentId }));
    await notifyOfEvent(sut.db, ofAgent, { email: false });
    expect(await toldOf(ofAgent.id)).toEqual(['nowner in_app']);
    const another = opened(await makeGate(sut.db, project.id));
    await notifyOfEvent(sut.db, another, withMail);
    // A delegate may decide as well; it is an agent, and agents get no mail.
    expect(await toldOf(another.id)).toEqual(
      expect.arrayContaining(['nagent in_app', 'nowner email']),
    );
    expect(await toldOf(another.id)).not.toContain('nagent email');
    await sut.db.gate.update({ where: { id: gateId }, data: { status: 'approved' } });
    const late = opened(gateId);
    await notifyOfEvent(sut.db, late, withMail);
    expect(await toldOf(late.id)).toEqual([]);
  });

  it('tell whoever reads and promotes deployments of a rollout that waits, and show it to them, though they read nothing else of the project [A-NOT-02] [A-DEP-11]', async () => {
    const syncId = newId('deploymentSync');
    const gateId = await makeGate(sut.db, project.id, { rollout: { step: 'sync', syncId } });
    const event = eventRecord('gate.opened', { projectId: project.id, subjectId: gateId });
    await notifyOfEvent(sut.db, event, withMail);
    expect(await toldOf(event.id)).toEqual(expect.arrayContaining(['nops email', 'nops in_app']));
    const { items } = await list(ops, '?type=gate_waiting');
    expect(items).toMatchObject([{ refType: 'gate', refId: gateId, link: '/gates' }]);
    const mail = await sut.db.delivery.findFirstOrThrow({
      where: { eventId: event.id, subscription: `mail:${ops.id}` },
    });
    expect(await prepareDelivery(sut.db, mail.id)).toMatchObject({ kind: 'mail' });
  });

  it.each(['synced', 'failed', 'rolled_back', 'needs_human'])(
    'tell deployers that a deployment was: %s [A-NOT-02]',
    async (state) => {
      const event = eventRecord(`deployment.${state}`, {
        projectId: project.id,
        subjectId: newId('deployment'),
        message: 'web at 1a2b3c4',
        payload: { environment: 'staging' },
      });
      await notifyOfEvent(sut.db, event, withMail);
      const told = await toldOf(event.id);
      expect(told.filter((row) => row.endsWith('in_app'))).toEqual(
        expect.arrayContaining(['nops in_app', 'nowner in_app']),
      );
      expect(told).not.toContain('nviewer in_app');
      expect(told.includes('nops email')).toBe(state === 'needs_human');
      const { items } = await list(ops, `?type=deployment_${state}`);
      expect(items).toMatchObject([{ refType: 'deployment', body: 'web at 1a2b3c4' }]);
    },
  );
});

describe('the API of notifications', () => {
  it('shows one their own only, newest first, by page, type and unread [A-NOT-01]', async () => {
    for (let i = 0; i < 3; i += 1) await notifyOfEvent(sut.db, await failedBuild(), withMail);
    const all = await list(viewer, '?type=build_failed');
    expect(all.items.every((item) => item.channel === 'in_app')).toBe(true);
    const ids = all.items.map((item) => item.id);
    expect(ids).toEqual([...ids].sort().reverse());
    const own = await sut.db.notification.findMany({
      where: { userId: viewer.id, channel: 'in_app', notificationType: 'build_failed' },
    });
    expect([...ids].sort()).toEqual(own.map(({ id }) => id).sort());
    expect((await list(developer)).total).toBeGreaterThan(0);
    const first = await list(viewer, '?type=build_failed&limit=2');
    expect(first).toMatchObject({ total: all.total });
    const second = await list(
      viewer,
      `?type=build_failed&limit=2&cursor=${first.nextCursor ?? ''}`,
    );
    expect([...first.items, ...second.items].map((item) => item.id)).toEqual(ids.slice(0, 4));
    expect((await list(outsider)).items).toEqual([]);
    expect((await sut.call(null, 'GET', base)).status).toBe(401);
    const [mine] = all.items;
    const foreign = await sut.call(outsider, 'POST', `${base}/${mine?.id ?? ''}/read`);
    expect(foreign.status).toBe(404);
    expect((await list(viewer, '?unread=true&type=build_failed')).total).toBe(all.total);
  });

  it('marks one as read, then all, and counts what is left; what waits to be sent cannot have been read [A-NOT-01]', async () => {
    const count = async () =>
      (await sut.call(viewer, 'GET', `${base}/unread-count`)).body as {
        unread: number;
        byType: Record<string, number>;
      };
    for (let i = 0; i < 2; i += 1) await notifyOfEvent(sut.db, await failedBuild(), withMail);
    const before = await count();
    expect(before.byType['build_failed']).toBe(before.unread);
    const [newest] = (await list(viewer, '?unread=true')).items;
    const read = await sut.call(viewer, 'POST', `${base}/${newest?.id ?? ''}/read`);
    expect(read.body).toMatchObject({ status: 'read', readAt: expect.any(String) as unknown });
    const again = await sut.call(viewer, 'POST', `${base}/${newest?.id ?? ''}/read`);
    expect(again.body).toEqual(read.body);
    expect((await count()).unread).toBe(before.unread - 1);
    const rest = await sut.call(viewer, 'POST', `${base}/read`);
    expect(rest.body).toEqual({ marked: before.unread - 1 });
    expect(await count()).toEqual({ unread: 0, byType: {} });
    const [waiting] = (await list(developer, '?channel=email')).items;
    expect(waiting?.status).toBe('pending');
    const early = await sut.call(developer, 'POST', `${base}/${waiting?.id ?? ''}/read`);
    expect(early).toMatchObject({ status: 409, body: { code: 'illegal_transition' } });
  });

  it('hides what one was told of a project that one may not see any more [A-NOT-01]', async () => {
    const leaver = await sut.account('nleaver', `viewer@${project.id}`);
    await notifyOfEvent(sut.db, await failedBuild(), withMail);
    const [item] = (await list(leaver)).items;
    await sut.db.userRole.deleteMany({ where: { userId: leaver.id } });
    expect((await list(leaver)).items).toEqual([]);
    expect((await sut.call(leaver, 'GET', `${base}/unread-count`)).body).toMatchObject({
      unread: 0,
    });
    expect((await sut.call(leaver, 'POST', `${base}/${item?.id ?? ''}/read`)).status).toBe(404);
  });

  it('keeps what each wants where: all, own or none, and takes the default again [A-NOT-01]', async () => {
    const address = `${base}/preferences`;
    const set = (items: object[], more: object = {}) =>
      sut.call(viewer, 'PUT', address, { items, ...more });
    const fresh = (await sut.call(viewer, 'GET', address)).body;
    expect(fresh).toMatchObject({ webhookUrl: null, emailAvailable: false });
    expect(fresh).toMatchObject({
      items: expect.arrayContaining([
        { type: 'build_failed', channel: 'email', wants: 'own', isDefault: true },
        { type: 'gate_waiting', channel: 'email', wants: 'all', isDefault: true },
        { type: 'mr_created', channel: 'in_app', wants: 'all', isDefault: true },
      ]) as unknown,
    });
    const type = 'build_failed';
    const changed = await set([{ type, channel: 'in_app', wants: 'own' }]);
    expect(changed.body).toMatchObject({
      items: expect.arrayContaining([
        { type, channel: 'in_app', wants: 'own', isDefault: false },
      ]) as unknown,
    });
    const others = await failedBuild();
    await notifyOfEvent(sut.db, others, withMail);
    expect(await toldOf(others.id)).not.toContain('nviewer in_app');
    await set(
      [
        { type, channel: 'in_app', wants: null },
        { type, channel: 'email', wants: 'all' },
        { type, channel: 'webhook', wants: 'all' },
      ],
      { webhookUrl: 'https://hooks.example.test/me' },
    );
    const all = await failedBuild();
    const woken = await notifyOfEvent(sut.db, all, withMail);
    expect(await toldOf(all.id)).toEqual(
      expect.arrayContaining(['nviewer email', 'nviewer in_app', 'nviewer webhook']),
    );
    expect(woken).toEqual(
      expect.arrayContaining([`hook:${viewer.id}`, `mail:${viewer.id}`, `mail:${developer.id}`]),
    );
    expect((await set([{ type, channel: 'pigeon', wants: 'all' }])).status).toBe(400);
    expect((await set([], { webhookUrl: 'file:///etc/passwd' })).status).toBe(400);
  });
});
