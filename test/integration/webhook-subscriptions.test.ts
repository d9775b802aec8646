import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { WebhookSubscriptions } from '../../domain/notify/webhook-subscriptions.ts';
import { readEventsAfter } from '../../domain/event/read-events.ts';
import { type AppUnderTest, openAppUnderTest } from '../support/app-under-test.ts';

jest.setTimeout(240_000);

let sut: AppUnderTest;
beforeAll(async () => {
  sut = await openAppUnderTest();
});
afterAll(() => sut.stop());

describe('what is remembered of the webhooks of a project', () => {
  it('asks once, and anew after each change of them and when others handled events [A-NOT-04]', async () => {
    const owner = await sut.account('remembered', 'admin');
    const project = await sut.project(owner, 'hooks');
    const path = `${project.path}/webhooks`;
    let asked = 0;
    const findMany = (args: Parameters<typeof sut.db.webhook.findMany>[0]) => {
      asked += 1;
      return sut.db.webhook.findMany(args);
    };
    const webhooks = new WebhookSubscriptions({ webhook: { findMany } } as never);
    const push = { projectId: project.id, type: 'git.pushed' } as const;
    let position: string | null = null;
    const wants = async () => {
      // In the order of events, as the dispatcher hands them over.
      const filter = { projectId: project.id };
      const events = await readEventsAfter(sut.db, position, 100, filter);
      position = events.at(-1)?.position ?? position;
      for (const event of events) await webhooks.wants(event);
      return await webhooks.wants(push);
    };
    expect([await wants(), await wants(), await wants()]).toEqual([false, false, false]);
    const before = asked;
    expect(await wants()).toBe(false);
    expect(asked).toBe(before);

    const body = { url: 'http://127.0.0.1:9/in', events: ['push'] };
    const { id } = (await sut.call(owner, 'POST', path, body)).body as { id: string };
    expect(await wants()).toBe(true);
    expect(await webhooks.wants({ projectId: project.id, type: 'mr.created' })).toBe(false);
    await sut.call(owner, 'PATCH', `${path}/${id}`, { active: false });
    expect(await wants()).toBe(false);
    await sut.call(owner, 'PATCH', `${path}/${id}`, { active: true, events: ['mr'] });
    expect(await wants()).toBe(false);
    expect(await webhooks.wants({ projectId: project.id, type: 'mr.created' })).toBe(true);
    await sut.call(owner, 'DELETE', `${path}/${id}`);
    expect(await wants()).toBe(false);

    const last = asked;
    webhooks.forget();
    await wants();
    expect(asked).toBe(last + 1);
    expect(await webhooks.wants({ projectId: null, type: 'user.created' })).toBe(false);
    expect(await webhooks.wants({ ...push, type: 'pipeline.cancel_requested' })).toBe(false);
  });
});
