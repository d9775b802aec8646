import { readSubscription } from '../../contracts/notify/subscriptions.ts';
import {
  type NotificationType,
  notificationTypesOfDeployers,
} from '../../contracts/notify/types.ts';
import type { Delivery, Notification } from '../../prisma/generated/client.ts';
import { grantedPermissions } from '../identity/granted-permissions.ts';
import type { Db } from '../shared/db.ts';
import { toNotificationRecords, withProject } from './notification-record.ts';

/** What a delivery is when it is sent: made at that moment, so that nobody gets what they may no longer know. */
export type PreparedDelivery =
  | {
      kind: 'webhook';
      url: string;
      /** project secret that signs; null: the key of the subscription */
      secret: { projectId: string; name: string } | null;
      subscription: string;
      eventType: string;
      body: string;
    }
  | {
      kind: 'mail';
      userId: string;
      to: string;
      subject: string;
      body: string | null;
      /** page of the web app, relative to its root */
      link: string | null;
      /** the gate that it asks an answer for */
      gate: { id: string; expiresAt: Date | null } | null;
    }
  | { kind: 'void'; reason: string };

/** Reads a delivery with all that sending it needs; null when it is gone or has ended. */
export async function prepareDelivery(
  db: Db,
  deliveryId: string,
): Promise<PreparedDelivery | null> {
  const delivery = await db.delivery.findUnique({
    where: { id: deliveryId },
    include: { notification: true },
  });
  if (delivery?.status !== 'pending') return null;
  const to = readSubscription(delivery.subscription);
  if (to.kind === 'webhook') return await toWebhook(db, delivery, to.webhookId);
  const { notification } = delivery;
  if (notification === null) return { kind: 'void', reason: 'the notification is gone' };
  const refusal = await whyNot(db, notification);
  if (refusal !== null) return { kind: 'void', reason: refusal };
  return to.kind === 'mail'
    ? await toMail(db, notification)
    : await toOwnWebhook(db, delivery, notification);
}

async function toWebhook(db: Db, delivery: Delivery, webhookId: string): Promise<PreparedDelivery> {
  const webhook = await db.webhook.findUnique({ where: { id: webhookId } });
  if (webhook?.active !== true) return { kind: 'void', reason: 'the webhook is switched off' };
  return {
    kind: 'webhook',
    url: webhook.url,
    secret: webhook.secret === null ? null : { projectId: webhook.projectId, name: webhook.secret },
    subscription: webhook.id,
    eventType: delivery.eventType,
    body: JSON.stringify({ ...(delivery.payload as object), deliveryId: delivery.id }),
  };
}

/** Why a user is no longer told: their account or their access ended since. */
async function whyNot(
  db: Db,
  { userId, projectId, notificationType }: Notification,
): Promise<string | null> {
  const user = await db.user.findUnique({ where: { id: userId }, select: { isActive: true } });
  if (user?.isActive !== true) return 'the account is not active';
  if (projectId === null) return null;
  const project = await db.project.findUnique({
    where: { id: projectId },
    select: { visibility: true },
  });
  if (project === null) return 'the project is gone';
  if (project.visibility !== 'private') return null;
  const { permissions } = await grantedPermissions(db, userId, projectId);
  const isOfDeployers = notificationTypesOfDeployers.includes(notificationType as NotificationType);
  return permissions.has('project:read') || (isOfDeployers && permissions.has('deploy:read'))
    ? null
    : 'the project may not be seen any more';
}

async function toMail(db: Db, notification: Notification): Promise<PreparedDelivery> {
  const { userId, subject, body, link, refType, refId } = notification;
  const { email } = await db.user.findUniqueOrThrow({
    where: { id: userId },
    select: { email: true },
  });
  const asks = notification.notificationType === 'gate_waiting' && refType === 'gate';
  const gate =
    asks && refId !== null
      ? await db.gate.findUnique({
          where: { id: refId },
          select: { id: true, expiresAt: true, status: true },
        })
      : null;
  return {
    kind: 'mail',
    userId,
    to: email,
    subject,
    body,
    link,
    gate: gate?.status === 'open' ? { id: gate.id, expiresAt: gate.expiresAt } : null,
  };
}

async function toOwnWebhook(
  db: Db,
  delivery: Delivery,
  notification: Notification,
): Promise<PreparedDelivery> {
  const endpoint = await db.notificationEndpoint.findUnique({
    where: { userId: notification.userId },
  });
  if (endpoint === null) return { kind: 'void', reason: 'no address is set' };
  const rows = await db.notification.findMany({
    where: { id: notification.id },
    include: withProject,
  });
  const [record] = await toNotificationRecords(db, rows);
  return {
    kind: 'webhook',
    url: endpoint.url,
    secret: null,
    subscription: delivery.subscription,
    eventType: delivery.eventType,
    body: JSON.stringify({
      id: delivery.eventId,
      type: `notification.${notification.notificationType}`,
      createdAt: notification.createdAt.toISOString(),
      notification: record,
      deliveryId: delivery.id,
    }),
  };
}
