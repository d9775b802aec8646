import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { tryDelivery } from '../../activities/notify/send-delivery.ts';
import { loadConfig } from '../../adapters/config/load-config.ts';
import { createOutboundClient } from '../../adapters/http/outbound-client.ts';
import { isPublicAddress } from '../../adapters/http/public-address.ts';
import { createMailer } from '../../adapters/mail/smtp-mailer.ts';
import { subscribesTo } from '../../contracts/notify/event-names.ts';
import { OutboundError } from '../../contracts/outbound/types.ts';
import { findNextDelivery } from '../../domain/notify/next-delivery.ts';
import { notifyOfEvent } from '../../domain/notify/notify-of-event.ts';
import { prepareDelivery } from '../../domain/notify/prepare-delivery.ts';
import { recordDelivery } from '../../domain/notify/record-delivery.ts';
import { signingSecret } from '../../domain/notify/sign-webhook.ts';
import { setSecret } from '../../domain/secret/set-secret.ts';
import {
  type AppUnderTest,
  openAppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { testCaller } from '../support/callers.ts';
import { freePort } from '../support/free-port.ts';
import { eventRecord, makeGate, makeRun } from '../support/notify-steps.ts';
import {
  type HookReceiver,
  type MailReceiver,
  openHookReceiver,
  openMailReceiver,
  plainMail,
} from '../support/receivers.ts';

let sut: AppUnderTest;
let owner: TestAccount;
let project: { id: string; path: string };
let hook: HookReceiver;
let relay: MailReceiver;
const policy = { attempts: 3, retryAfterMs: 40, retryLimitMs: 100 };
const login = { user: 'slipway', password: 'relay-password' };

beforeAll(async () => {
  sut = await openAppUnderTest();
  owner = await sut.account('downer', 'admin');
  project = await sut.project(owner, 'hooks');
  hook = await openHookReceiver();
  relay = await openMailReceiver(login);
});
afterAll(async () => {
  await hook.close();
  await relay.close();
  await sut.stop();
});
afterEach(() => {
  hook.answer = 200;
  hook.headers = {};
  relay.refuse = null;
});

function mailConfig(port: number, more: Record<string, string> = {}) {
  const env = {
    SMTP_HOST: '127.0.0.1',
    SMTP_PORT: String(port),
    SMTP_USER: login.user,
    SMTP_PASSWORD: login.password,
    SLIPWAY_MAIL_TLS: 'none',
    MAIL_FROM: 'Slipway <ci@slipway.test>',
    ...more,
  };
  return loadConfig({ env }).mail;
}

/** One try of a receiver's oldest delivery, as the activity makes it. */
async function sendNext(subscription: string, mailPort = relay.port): Promise<string | null> {
  const next = await findNextDelivery(sut.db, subscription);
  if (next === null) return null;
  const prepared = await prepareDelivery(sut.db, next.deliveryId);
  if (prepared === null) return null;
  const mailer = createMailer(mailConfig(mailPort));
  const deps = {
    db: sut.db,
    secretBox: sut.services.secretBox,
    outbound: createOutboundClient({ allowHosts: ['127.0.0.1'], timeoutMs: 2_000 }),
    mailer,
    publicUrl: 'https://slipway.test',
    mailDomain: 'slipway.test',
  };
  const outcome = await tryDelivery(deps, next.deliveryId, prepared);
  mailer?.close();
  await recordDelivery(sut.db, next.deliveryId, outcome, policy);
  return next.deliveryId;
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
    const deliveryId = await sendNext(id);
    expect(await notifyOfEvent(sut.db, event, { email: true })).toEqual([]);
    const got = hook.received.at(-1);
    const { headers, body, path } = { headers: {}, body: '', path: '', ...got };
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
    const refused = await sendNext(id);
    expect(hook.received).toHaveLength(before);
    expect((await delivery(refused ?? '')).error).toMatch(/HOOK_KEY has scope pipeline/);
    await set('topsecret', 'all');
    await sendNext(id);
    const { headers, body } = { headers: {}, body: '', ...hook.received.at(-1) };
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
    const [mr = '', pipelines = '', all = ''] = ids;
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
    const tries = [await sendNext(id), await sendNext(id), await sendNext(id)];
    expect(new Set(tries).size).toBe(1);
    const [first = ''] = tries;
    expect(await delivery(first ?? '')).toMatchObject({ status: 'failed', attempts: 3 });
    hook.answer = 200;
    const second = await sendNext(id);
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
    expect(await sendNext(id)).toBe(first);
    expect(hook.received.at(-1)?.headers['webhook-id']).toBe(first);
    await sut.call(owner, 'DELETE', `${project.path}/webhooks/${id}`);
  });

  it('are switched off by 410, and keep out whoever may only push', async () => {
    const id = await makeHook();
    await notifyOfEvent(sut.db, pushed(), { email: true });
    hook.answer = 410;
    await sendNext(id);
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
    await sendNext(`hook:${member.id}`);
    const { headers, body } = { headers: {}, body: '', ...hook.received.at(-1) };
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

describe('the outbound client', () => {
  const client = (allowHosts: string[] = [], timeoutMs = 2_000) =>
    createOutboundClient({ allowHosts, timeoutMs });
  const post = (url: string, allow: string[] = [], timeoutMs?: number) =>
    client(allow, timeoutMs).post(url, { headers: {}, body: '{}' });

  it.each([
    'http://127.0.0.1:1/',
    'http://localhost:1/',
    'http://0x7f.1:1/',
    'http://2130706433:1/',
    'http://[::1]:1/',
    'http://[::ffff:127.0.0.1]:1/',
    'http://[::ffff:a9fe:a9fe]/latest/meta-data',
    'http://169.254.169.254/latest/meta-data',
    'http://10.0.0.1/',
    'http://172.31.255.255/',
    'http://192.168.1.1/',
    'http://100.64.0.1/',
    'http://0.0.0.0/',
    'http://[fd00::1]/',
    'http://[fe80::1]/',
    'http://[64:ff9b::a00:1]/',
    'file:///etc/passwd',
    'gopher://example.test/',
    'http://user:password@example.test/',
    'not an address',
  ])('refuses %s before it connects', async (url) => {
    const before = hook.received.length;
    const error: unknown = await post(url).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OutboundError);
    expect((error as OutboundError).isRefused).toBe(true);
    expect(hook.received).toHaveLength(before);
  });

  it('reaches what the operator allows, by name, address or range, and nothing else', async () => {
    const port = new URL(hook.url).port;
    for (const allow of ['127.0.0.1', '127.0.0.0/8', 'localhost']) {
      const name = allow === 'localhost' ? 'localhost' : '127.0.0.1';
      expect((await post(`http://${name}:${port}/`, [allow])).status).toBe(200);
    }
    await expect(post(hook.url, ['10.0.0.0/8', 'example.test'])).rejects.toThrow(/not a public/);
    expect(isPublicAddress('93.184.216.34')).toBe(true);
    expect(isPublicAddress('2606:2800:220:1::1')).toBe(true);
    expect(isPublicAddress('2002:a00:1::')).toBe(false);
  });

  it('follows no redirect, reads no endless answer and waits for no slow one', async () => {
    hook.answer = 302;
    hook.headers = { location: 'http://127.0.0.1:1/elsewhere' };
    expect((await post(hook.url, ['127.0.0.1'])).status).toBe(302);
    hook.answer = 200;
    hook.headers = {};
    hook.bodyBytes = 5_000_000;
    expect((await post(hook.url, ['127.0.0.1'])).body.length).toBe(16_384);
    hook.bodyBytes = 2;
    hook.answer = () => 'hang';
    await expect(post(hook.url, ['127.0.0.1'], 200)).rejects.toThrow('No answer in time');
  });
});

describe('mail', () => {
  async function waiting(name: string): Promise<{ who: TestAccount; gateId: string }> {
    const who = await sut.account(name, `maintainer@${project.id}`);
    const run = await makeRun(sut.db, project.id, { status: 'running' });
    const gateId = await makeGate(sut.db, project.id, { pipelineId: run.id });
    const event = eventRecord('gate.opened', { projectId: project.id, subjectId: gateId });
    await notifyOfEvent(sut.db, event, { email: true });
    return { who, gateId };
  }
  const mailOf = async (who: TestAccount) => {
    const answer = await sut.call(who, 'GET', '/api/v1/notifications?channel=email');
    return (answer.body as { items: { id: string; status: string; error: string | null }[] })
      .items[0];
  };

  it('goes through the SMTP relay, with a link to the page and one to answer by [A-NOT-03]', async () => {
    const { who, gateId } = await waiting('mail-taken');
    expect(await mailOf(who)).toMatchObject({ status: 'pending' });
    const id = await sendNext(`mail:${who.id}`);
    const mail = relay.mails.at(-1) ?? { to: [], source: '' };
    expect(mail.to).toEqual(['mail-taken@example.test']);
    expect(mail.source).toMatch(/^From: Slipway <ci@slipway.test>/m);
    expect(mail.source).toContain(`Message-ID: <${id ?? ''}@slipway.test>`);
    expect(mail.source).toMatch(/^Subject: \[Slipway\] downer\/hooks #\d+ waits for approval/m);
    const text = plainMail(mail);
    expect(text).toContain(
      `https://slipway.test/gates/${gateId}/answer?token=${gateId}.${who.id}.`,
    );
    expect(text).toMatch(/https:\/\/slipway\.test\/pipelines\/run_/);
    expect(await mailOf(who)).toMatchObject({ status: 'sent' });
  });

  it('is failed after its tries when the relay is down, and can be sent again by hand [A-NOT-03]', async () => {
    const { who } = await waiting('mail-down');
    const nobody = await freePort();
    for (let i = 0; i < 3; i += 1) await sendNext(`mail:${who.id}`, nobody);
    const failed = await mailOf(who);
    expect(failed).toMatchObject({
      status: 'failed',
      error: expect.stringMatching(/^The mail server did not take it: E/) as unknown,
    });
    const { status } = await sut.call(
      who,
      'POST',
      `/api/v1/notifications/${failed?.id ?? ''}/redelivery`,
    );
    expect(status).toBe(202);
    expect(await mailOf(who)).toMatchObject({ status: 'pending' });
    await sendNext(`mail:${who.id}`);
    expect(await mailOf(who)).toMatchObject({ status: 'sent', error: null });
  });

  it('is given up at once when the relay knows no such user, not when it refuses us [A-NOT-03]', async () => {
    const { who } = await waiting('mail-refused');
    relay.refuse = { code: 451, text: 'later' };
    const id = await sendNext(`mail:${who.id}`);
    expect(await delivery(id ?? '')).toMatchObject({ status: 'pending', attempts: 1 });
    relay.refuse = { code: 550, text: 'no such user' };
    await sendNext(`mail:${who.id}`);
    expect(await delivery(id ?? '')).toMatchObject({ status: 'failed', attempts: 2 });
    const { who: other } = await waiting('mail-login');
    const wrong = createMailer(mailConfig(relay.port, { SMTP_PASSWORD: 'canary-wrong' }));
    const sent = wrong?.send({
      to: 'a@example.test',
      subject: '',
      text: '',
      html: '',
      messageId: '<a@b>',
    });
    await expect(sent).rejects.toMatchObject({ isFinal: false });
    await expect(sent).rejects.not.toThrow(/canary-wrong/);
    wrong?.close();
    await sendNext(`mail:${other.id}`);
  });

  it('is not sent to whoever may not see the project any more [A-NOT-01]', async () => {
    const { who } = await waiting('mail-left');
    await sut.db.userRole.deleteMany({ where: { userId: who.id } });
    const before = relay.mails.length;
    const id = await sendNext(`mail:${who.id}`);
    expect(relay.mails).toHaveLength(before);
    expect(await delivery(id ?? '')).toMatchObject({
      status: 'failed',
      error: 'the project may not be seen any more',
    });
  });
});
