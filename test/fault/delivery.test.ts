import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { publishEvent } from '../../domain/event/publish-event.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import { holds } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { makeRun } from '../support/notify-steps.ts';
import {
  type HookReceiver,
  type MailReceiver,
  openHookReceiver,
  openMailReceiver,
} from '../support/receivers.ts';
import { type Slipway, startSlipway } from '../support/slipway.ts';

jest.setTimeout(240_000);

let slipway: Slipway;
let hook: HookReceiver;
let mailPort: number;
let relay: MailReceiver | null = null;
let projectId: string;
let adminId: string;
const base = '/api/v1/projects/admin/hooked';

beforeAll(async () => {
  hook = await openHookReceiver();
  mailPort = await freePort();
  slipway = await startSlipway({
    env: {
      SMTP_HOST: '127.0.0.1',
      SMTP_PORT: String(mailPort),
      SLIPWAY_MAIL_TLS: 'none',
      SLIPWAY_OUTBOUND_ALLOW_HOSTS: '127.0.0.0/8',
      SLIPWAY_NOTIFY_ATTEMPTS: '3',
      SLIPWAY_NOTIFY_RETRY_AFTER: '100ms',
      SLIPWAY_NOTIFY_RETRY_LIMIT: '300ms',
    },
  });
  const made = await slipway.request('POST', '/api/v1/projects', { name: 'hooked' });
  projectId = (made.body as { id: string }).id;
  const me = await slipway.database.db.user.findUniqueOrThrow({ where: { name: 'admin' } });
  adminId = me.id;
});
afterAll(async () => {
  await slipway?.stop();
  await hook?.close();
  await relay?.close();
});

async function makeHook(path: string): Promise<string> {
  const body = { url: hook.url + path, events: ['build'] };
  const answer = await slipway.request('POST', `${base}/webhooks`, body);
  return (answer.body as { id: string }).id;
}

/** A build of the admin's that has failed, with its event. */
async function failBuild(): Promise<string> {
  const { db } = slipway.database;
  const run = await makeRun(db, projectId, { status: 'failure', triggeredBy: adminId });
  await inTransaction(db, (tx) =>
    publishEvent(tx, {
      type: 'pipeline.completed',
      projectId,
      changeId: run.changeId,
      actorId: adminId,
      subjectId: run.id,
      payload: { number: run.number, status: 'failure' },
    }),
  );
  return run.id;
}

const sentTo = (path: string) => hook.received.filter((one) => one.path === path);
const idsAt = (path: string) => sentTo(path).map((one) => one.headers['webhook-id']);

async function mails(): Promise<{ id: string; status: string; refId: string }[]> {
  const answer = await slipway.request('GET', '/api/v1/notifications?channel=email');
  return (answer.body as { items: { id: string; status: string; refId: string }[] }).items;
}

describe('deliveries through the workers', () => {
  it('come in the order of their events, each once, while another receiver is slow [A-NOT-04]', async () => {
    const fast = await makeHook('/fast');
    await makeHook('/slow');
    hook.answer = ({ path }) => (path === '/slow' ? 'hang' : 200);
    const runs: string[] = [];
    for (let i = 0; i < 5; i += 1) runs.push(await failBuild());
    await holds(() => {
      expect(sentTo('/fast')).toHaveLength(5);
    });
    const got = sentTo('/fast').map(
      (one) => (JSON.parse(one.body) as { subjectId: string }).subjectId,
    );
    expect(got).toEqual(runs);
    hook.answer = 200;
    await holds(async () => {
      const list = await slipway.request('GET', `${base}/webhooks/${fast}/deliveries`);
      expect(list.body).toMatchObject({ total: 5, items: Array(5).fill({ status: 'sent' }) });
    });
  });

  it('are sent again with the same id when the worker dies between sending and writing it down [A-NOT-04]', async () => {
    const id = await makeHook('/killed');
    hook.answer = ({ path }) => (path === '/killed' ? 'hang' : 200);
    await failBuild();
    await holds(() => {
      expect(sentTo('/killed')).toHaveLength(1);
    });
    await slipway.kill('workers');
    hook.answer = 200;
    await slipway.start('workers');
    await holds(async () => {
      const list = await slipway.request('GET', `${base}/webhooks/${id}/deliveries`);
      expect(list.body).toMatchObject({ items: [{ status: 'sent' }] });
    }, 120_000);
    const ids = idsAt('/killed');
    expect(ids.length).toBeGreaterThanOrEqual(2);
    expect(new Set(ids).size).toBe(1);
  });

  it('by mail are failed when the relay stays down, and nothing else is; later they go [A-NOT-03]', async () => {
    const runId = await failBuild();
    await holds(async () => {
      expect((await mails()).find((mail) => mail.refId === runId)?.status).toBe('failed');
    }, 120_000);
    const told = await slipway.request('GET', '/api/v1/notifications?type=build_failed&limit=1');
    expect(told.body).toMatchObject({ items: [{ refId: runId, status: 'sent' }] });
    const run = await slipway.request('GET', `/api/v1/pipelines/${runId}`);
    expect(run.body).toMatchObject({ status: 'failure' });
    const mail = (await mails()).find((one) => one.refId === runId);
    relay = await openMailReceiver(undefined, mailPort);
    const again = await slipway.request(
      'POST',
      `/api/v1/notifications/${mail?.id ?? ''}/redelivery`,
    );
    expect(again.status).toBe(202);
    await holds(() => {
      expect(relay?.mails).toHaveLength(1);
    });
    expect(relay.mails[0]?.to).toEqual([expect.stringContaining('@')]);
    await holds(async () => {
      expect((await mails()).find((one) => one.refId === runId)?.status).toBe('sent');
    });
  });
});
