import type { EventRecord } from '../../contracts/event/types.ts';
import {
  hookSubscription,
  mailSubscription,
  type Subscription,
} from '../../contracts/notify/subscriptions.ts';
import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { publishEvent } from '../event/publish-event.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { chooseChannels, type ChannelsAvailable } from './choose-channels.ts';
import type { Notice } from './notice.ts';
import { mayCallForNotice, noticeOfEvent } from './notice-of-event.ts';
import { webhookDeliveries } from './webhook-deliveries.ts';

/**
 * Writes down who is told of an event, and where: notifications, and deliveries for what leaves the house. An event
 * that comes again finds its rows and adds none.
 *
 * @param wantedByWebhook false where no webhook of its project can want it
 * @returns the receivers that have something of this event left to get: their workflows must be woken
 */
export async function notifyOfEvent(
  db: PrismaClient,
  event: EventRecord,
  available: ChannelsAvailable,
  wantedByWebhook: (event: EventRecord) => Promise<boolean> = () => Promise.resolve(true),
): Promise<string[]> {
  // Asked of each event, for it learns from them.
  const isWanted = await wantedByWebhook(event);
  if (!isWanted && !mayCallForNotice(event)) return [];
  // All that is slow comes before the transaction: while one that publishes runs, no later event is seen.
  const notice = await noticeOfEvent(db, event);
  const recipients =
    notice === null ? [] : await chooseChannels(db, notice.type, notice.recipients, available);
  const hooks = isWanted ? await webhookDeliveries(db, event) : [];
  if (notice !== null && recipients.length > 0) {
    const rows = recipients.map((one) => toRow(notice, event, one));
    await inTransaction(db, async (tx) => {
      const { count } = await tx.notification.createMany({ data: rows, skipDuplicates: true });
      await queueNotifications(tx, event);
      await tx.delivery.createMany({ data: hooks, skipDuplicates: true });
      if (count > 0 && rows.some((row) => row.channel === 'in_app')) await tellCreated(tx, event);
    });
  } else if (hooks.length > 0) {
    await db.delivery.createMany({ data: hooks, skipDuplicates: true });
  }
  const open = await db.delivery.findMany({
    where: { eventId: event.id, status: 'pending' },
    select: { subscription: true },
    distinct: ['subscription'],
  });
  return open.map((delivery) => delivery.subscription);
}

/** Pages that are open ask for what is new to them; whom it is for stands in the rows alone. */
async function tellCreated(tx: Prisma.TransactionClient, event: EventRecord): Promise<void> {
  const { projectId, changeId, id } = event;
  const type = 'notification.created';
  await publishEvent(tx, { type, projectId, changeId, subjectId: id });
}

type Recipient = Awaited<ReturnType<typeof chooseChannels>>[number];

function toRow(
  notice: Notice,
  event: EventRecord,
  { userId, channel }: Recipient,
): Prisma.NotificationCreateManyInput {
  const now = new Date();
  return {
    id: newId('notification'),
    userId,
    channel,
    notificationType: notice.type,
    subject: notice.subject,
    body: notice.body,
    // The row itself is the message in the app; what leaves the house is sent by its delivery.
    ...(channel === 'in_app' ? { status: 'sent', sentAt: now } : { status: 'pending' }),
    refType: notice.refType,
    refId: notice.refId,
    link: notice.link,
    eventId: event.id,
    projectId: event.projectId,
    changeId: event.changeId,
    actorId: event.actorId,
    createdAt: now,
  };
}

/** A delivery for each notification of this event that is not for the app. */
async function queueNotifications(tx: Prisma.TransactionClient, event: EventRecord): Promise<void> {
  const leaving = await tx.notification.findMany({
    where: { eventId: event.id, channel: { in: ['email', 'webhook'] }, status: 'pending' },
  });
  const data = leaving.map((row) => {
    const subscription: Subscription =
      row.channel === 'email' ? mailSubscription(row.userId) : hookSubscription(row.userId);
    return {
      id: newId('delivery'),
      subscription,
      notificationId: row.id,
      eventId: event.id,
      eventType: event.type,
      payload: {},
    };
  });
  await tx.delivery.createMany({ data, skipDuplicates: true });
}
