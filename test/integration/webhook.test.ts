import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { subscribesTo } from '../../contracts/notify/event-names.ts';
import { notifyOfEvent } from '../../domain/notify/notify-of-event.ts';
import { signingSecret } from '../../domain/notify/sign-webhook.ts';
import { sealedBox } from '../../adapters/secret-box/secret-box.ts';
import { setSecret } from '../../domain/secret/set-secret.ts';
import {
  type AppUnderTest,
  openAppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { testCaller } from '../support/callers.ts';
import { sendNext } from '../support/delivery-steps.ts';
import { eventRecord, makeRun } from '../support/notify-steps.ts';
import { type HookReceiver, openHookReceiver, type Received } from '../support/receivers.ts';

jest.setTimeout(240_000);

let sut: AppUnderTest;
let owner: TestAccount;
let project: { id: string; path: string };
let hook: HookReceiver;

beforeAll(async () => {
  sut = await openAppUnderTest();
  owner = await sut.account('downer', 'admin');
  project = await sut.project(owner, 'hooks');
  hook = await openHookReceiver();
});
afterAll(async () => {
  await hook.close();
  await sut.stop();
});
afterEach(() => {
  hook.answer = 200;
});

function lastReceived(): Received {
  const last = hook.received.at(-1);
  if (last === undefined) throw new Error('nothing was received');
  return last;
}

async function makeHook(more: object = {}): Promise<string> {
  const body = { url: `${hook.url}/in?token=abc`, events: ['push', 'mr'], ...more };
  const answer = await sut.call(owner, 'POST', `${project.path}/webhooks`, body);
  expect([answer.status, answer.body]).toEqual([201, answer.body]);
  return (answer.body as { id: string }).id;
}

const pushed = () =>
  eventRecord('git.pushed', {
    projectId: project.id,
    actorId: owner.id,
    message: 'pushed',
    payload: { pusherName: 'downer' },
  });

const delivery = (id: string) => sut.db.delivery.findUniqueOrThrow({ where: { id } });

describe('webhooks', () => {
  it('are sent an event by HTTP POST, signed so that the receiver can check it [A-NOT-04]', async () => {
    const id = await makeHook();
    const event = pushed();
    expect(await notifyOfEvent(sut.db, event, { email: true })).toEqual([id]);
    expect(await notifyOfEvent(sut.db, event, { email: true })).toEqual([id]);
    const deliveryId = await sendNext(sut, id);
    expect(await notifyOfEvent(sut.db, event, { email: true })).toEqual([]);
    const { headers, body, path } = lastReceived();
    expect(path).toBe('/in?token=abc');
    expect(JSON.parse(body)).toMatchObject({
      id: event.id,
      type: 'git.pushed',
      aliases: ['push'],
      project: { owner: 'downer', name: 'hooks' },
      actor: { id: owner.id, name: 'downer' },
      data: { pusherName: 'downer' },
      deliveryId,
    });
    const secret = await sut.call(owner, 'GET', `${project.path}/webhooks/${id}/signing-secret`);
    const text = (secret.body as { signingSecret: string }).signingSecret;
    expect(text).toMatch(/^whsec_/);
    const key = Buffer.from(text.slice('whsec_'.length), 'base64');
    const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
    const mac = createHmac('sha256', key).update(signed).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${mac}`);
    const ofBody = createHmac('sha256', key).update(body).digest('hex');
    expect(headers['x-webhook-signature']).toBe(ofBody);
    expect(headers).toMatchObject({
      'webhook-id': deliveryId,
      'x-slipway-event': 'git.pushed',
      'x-webhook-signature-algorithm': 'sha256',
      'content-type': 'application/json',
    });
    expect(await delivery(deliveryId ?? '')).toMatchObject({ status: 'sent', responseStatus: 200 });
    await sut.call(owner, 'DELETE', `${project.path}/webhooks/${id}`);
  });

  it('are 50 of a project at most, also when several are made at once [A-NOT-04]', async () => {
    const many = await sut.project(owner, 'many-hooks');
    const data = Array.from({ length: 48 }, () => ({
      ...{ id: newId('webhook'), projectId: many.id, createdBy: owner.id },
      ...{ url: `${hook.url}/in`, events: ['push'], active: true },
    }));
    await sut.db.webhook.createMany({ data });
    const body = { url: `${hook.url}/in`, events: ['push'] };
    const add = () => sut.call(owner, 'POST', `${many.path}/webhooks`, body);
    const answers = await Promise.all([add(), add(), add(), add(), add(), add()]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409, 409, 409]);
  });

  it('name a secret only by somebody who may use secrets [A-SEC-04]', async () => {
    const permissions = await sut.db.permission.findMany({
      where: { name: { in: ['project:read', 'project:delegate'] } },
    });
    await sut.db.role.create({
      data: {
        id: newId('role'),
        name: 'connector',
        permissions: { create: permissions.map(({ id }) => ({ permissionId: id })) },
      },
    });
    const other = await sut.account('dother', `connector@${project.id}`);
    const hooks = `${project.path}/webhooks`;
    const plain = { url: `${hook.url}/in`, events: ['push'] };
    const named = { ...plain, secret: 'HOOK_KEY' };
    expect((await sut.call(other, 'POST', hooks, named)).status).toBe(403);
    const made = await sut.call(other, 'POST', hooks, plain);
    expect(made.status).toBe(201);
    const own = `${hooks}/${(made.body as { id: string }).id}`;
    expect((await sut.call(other, 'PATCH', own, { secret: 'HOOK_KEY' })).status).toBe(403);
    expect((await sut.call(other, 'PATCH', own, { events: ['mr'] })).status).toBe(200);
    await sut.call(other, 'DELETE', own);
  });

  it('are signed with the project secret that they name, which only scope `all` allows [A-NOT-04] [A-SEC-08]', async () => {
    const box = sut.services.secretBox;
    const caller = testCaller(owner.id, owner.name);
    const set = (value: string, scope: 'all' | 'pipeline') =>
      setSecret(sut.db, box, caller, {
        projectId: project.id,
        name: 'HOOK_KEY',
        value,
        scope,
        mode: 'set',
      });
    await set('topsecret', 'pipeline');
    const id = await makeHook({ secret: 'HOOK_KEY' });
    await notifyOfEvent(sut.db, pushed(), { email: true });
    const before = hook.received.length;
    const refused = await sendNext(sut, id);
    expect(hook.received).toHaveLength(before);
    expect((await delivery(refused ?? '')).error).toMatch(/HOOK_KEY has scope pipeline/);
    await set('topsecret', 'all');
    await sendNext(sut, id);
    const { headers, body } = lastReceived();
    const mac = createHmac('sha256', 'topsecret').update(body).digest('hex');
    expect(headers['x-hub-signature-256']).toBe(`sha256=${mac}`);
    await sut.call(owner, 'DELETE', `${project.path}/webhooks/${id}`);
  });

  it('get what they subscribed to, by type, area, alias or all; never a command [A-MR-07]', async () => {
    const ids = await Promise.all([
      makeHook({ events: ['mr'] }),
      makeHook({ events: ['pipeline.*'] }),
      makeHook({ events: ['*'] }),
      makeHook({ events: ['git.pushed'], active: false }),
    ]);
    const sentTo = async (type: string) => {
      const event = eventRecord(type, { projectId: project.id });
      return (await notifyOfEvent(sut.db, event, { email: true })).sort();
    };
    const [mr, pipelines, all] = ids;
    expect(await sentTo('mr.created')).toEqual([mr, all].sort());
    expect(await sentTo('pipeline.started')).toEqual([pipelines, all].sort());
    expect(await sentTo('git.pushed')).toEqual([all]);
    expect(await sentTo('pipeline.cancel_requested')).toEqual([]);
    expect(await sentTo('delivery.requested')).toEqual([]);
    expect(subscribesTo(['build'], 'pipeline.completed')).toBe(true);
    expect(subscribesTo(['mr'], 'mrs.created')).toBe(false);
    const bad = await sut.call(owner, 'POST', `${project.path}/webhooks`, {
      url: hook.url,
      events: ['push', 'no.such'],
    });
    expect(bad).toMatchObject({ status: 400, body: { errors: [{ pointer: '#/events/1' }] } });
    for (const id of ids) await sut.call(owner, 'DELETE', `${project.path}/webhooks/${id}`);
  });

  it('are tried again in order, given up as a dead letter, and sent again by hand with the same id', async () => {
    const id = await makeHook();
    await notifyOfEvent(sut.db, pushed(), { email: true });
    await notifyOfEvent(sut.db, pushed(), { email: true });
    hook.answer = (_, nth) => (nth % 2 === 0 ? 500 : 'break');
    const tries = [await sendNext(sut, id), await sendNext(sut, id), await sendNext(sut, id)];
    expect(new Set(tries).size).toBe(1);
    const [first = ''] = tries;
    expect(await delivery(first ?? '')).toMatchObject({ status: 'failed', attempts: 3 });
    hook.answer = 200;
    const second = await sendNext(sut, id);
    expect(second).not.toBe(first);
    const base = `${project.path}/webhooks/${id}/deliveries`;
    const dead = await sut.call(owner, 'GET', `${base}?status=failed`);
    expect(dead.body).toMatchObject({ total: 1, items: [{ id: first, attempts: 3 }] });
    const again = await sut.call(owner, 'POST', `${base}/${first ?? ''}/redelivery`);
    expect(again).toMatchObject({ status: 202, body: { status: 'pending', attempts: 0 } });
    const told = await sut.db.event.findFirst({
      where: { type: 'delivery.requested', subjectId: first },
    });
    expect(told?.payload).toEqual({ subscription: id });
    expect(await sendNext(sut, id)).toBe(first);
    expect(hook.received.at(-1)?.headers['webhook-id']).toBe(first);
    await sut.call(owner, 'DELETE', `${project.path}/webhooks/${id}`);
  });

  it('whose key is sealed are tried as often as any, then given up, and the next one goes on [A-NOT-04]', async () => {
    const id = await makeHook();
    await notifyOfEvent(sut.db, pushed(), { email: true });
    const sealed = sealedBox('The master key is missing.');
    const send = () => sendNext(sut, id, undefined, sealed);
    const tries = [await send(), await send(), await send()];
    expect(new Set(tries).size).toBe(1);
    expect(await delivery(tries[0] ?? '')).toMatchObject({
      status: 'failed',
      attempts: 3,
      error: expect.stringContaining('The master key is missing.') as unknown,
    });
    await notifyOfEvent(sut.db, pushed(), { email: true });
    hook.answer = 200;
    const next = await sendNext(sut, id);
    expect(await delivery(next ?? '')).toMatchObject({ status: 'sent' });
    await sut.call(owner, 'DELETE', `${project.path}/webhooks/${id}`);
  });

  it('are switched off by 410, and keep out whoever may only push', async () => {
    const id = await makeHook();
    await notifyOfEvent(sut.db, pushed(), { email: true });
    hook.answer = 410;
    await sendNext(sut, id);
    const found = await sut.call(owner, 'GET', `${project.path}/webhooks/${id}`);
    expect(found.body).toMatchObject({
      active: false,
      offReason: 'the receiver answered 410 Gone',
      lastDelivery: { status: 'failed', responseStatus: 410 },
      createdBy: { name: 'downer' },
    });
    const developer = await sut.account('ddeveloper', `developer@${project.id}`);
    for (const [method, address] of [
      ['GET', ''],
      ['GET', `/${id}`],
      ['GET', `/${id}/signing-secret`],
      ['DELETE', `/${id}`],
    ] as const) {
      const answer = await sut.call(developer, method, `${project.path}/webhooks${address}`);
      expect(answer.status).toBe(403);
    }
    await sut.call(owner, 'DELETE', `${project.path}/webhooks/${id}`);
  });

  it('of a user carry their own notifications, signed with a key of their own [A-NOT-04]', async () => {
    const member = await sut.account('dmember', `viewer@${project.id}`);
    await sut.call(member, 'PUT', '/api/v1/notifications/preferences', {
      items: [{ type: 'build_failed', channel: 'webhook', wants: 'all' }],
      webhookUrl: `${hook.url}/mine`,
    });
    const run = await makeRun(sut.db, project.id, { status: 'failure' });
    const event = eventRecord('pipeline.completed', {
      projectId: project.id,
      subjectId: run.id,
      payload: { status: 'failure' },
    });
    expect(await notifyOfEvent(sut.db, event, { email: false })).toContain(`hook:${member.id}`);
    await sendNext(sut, `hook:${member.id}`);
    const { headers, body } = lastReceived();
    expect(JSON.parse(body)).toMatchObject({
      type: 'notification.build_failed',
      notification: { refType: 'pipeline', refId: run.id },
    });
    const key = signingSecret(sut.services.secretBox, `hook:${member.id}`).slice(6);
    const mac = createHmac('sha256', Buffer.from(key, 'base64')).update(body).digest('hex');
    expect(headers['x-webhook-signature']).toBe(mac);
    const list = await sut.call(member, 'GET', '/api/v1/notifications?channel=webhook');
    expect(list.body).toMatchObject({ items: [{ status: 'sent' }] });
  });
});
