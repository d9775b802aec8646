import { newId } from '../../domain/shared/new-id.ts';
import type { AppUnderTest, TestAccount } from './app-under-test.ts';

interface Of {
  sut: AppUnderTest;
  admin: TestAccount;
  projectPath: string;
}

/** One call for each operation on webhooks and notifications that changes something, for audit-coverage. */
export function notifyCalls(
  of: () => Of,
): Record<string, () => Promise<{ address?: string; body?: unknown }>> {
  return {
    'POST /api/v1/projects/{owner}/{project}/webhooks': () =>
      Promise.resolve({
        address: `${of().projectPath}/webhooks`,
        body: { url: 'https://hooks.example.test/a', events: ['push'] },
      }),
    'PATCH /api/v1/projects/{owner}/{project}/webhooks/{id}': async () => ({
      address: await webhook(of()),
      body: { events: ['mr'] },
    }),
    'DELETE /api/v1/projects/{owner}/{project}/webhooks/{id}': async () => ({
      address: await webhook(of()),
    }),
    'POST /api/v1/projects/{owner}/{project}/webhooks/{id}/ping': async () => ({
      address: `${await webhook(of())}/ping`,
    }),
    'POST /api/v1/projects/{owner}/{project}/webhooks/{id}/deliveries/{deliveryId}/redelivery':
      async () => {
        const address = await webhook(of());
        const ping = await of().sut.call(of().admin, 'POST', `${address}/ping`);
        const { id } = ping.body as { id: string };
        return { address: `${address}/deliveries/${id}/redelivery` };
      },
    'POST /api/v1/notifications/{id}/redelivery': async () => ({
      address: `/api/v1/notifications/${await failedMail(of())}/redelivery`,
    }),
    'PUT /api/v1/notifications/preferences': () =>
      Promise.resolve({
        body: { items: [{ type: 'build_failed', channel: 'email', wants: 'none' }] },
      }),
  };
}

async function webhook({ sut, admin, projectPath }: Of): Promise<string> {
  const base = `${projectPath}/webhooks`;
  const body = { url: 'https://hooks.example.test/a', events: ['push'] };
  const answer = await sut.call(admin, 'POST', base, body);
  return `${base}/${(answer.body as { id: string }).id}`;
}

/** A mail to the admin that no relay took. */
async function failedMail({ sut, admin }: Of): Promise<string> {
  const id = newId('notification');
  const what = { notificationType: 'build_failed', subject: 'x', channel: 'email' };
  await sut.db.notification.create({
    data: { id, userId: admin.id, status: 'failed', ...what },
  });
  await sut.db.delivery.create({
    data: {
      id: newId('delivery'),
      subscription: `mail:${admin.id}`,
      notificationId: id,
      eventId: newId('event'),
      eventType: 'pipeline.completed',
      payload: {},
      status: 'failed',
    },
  });
  return id;
}
