import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Delivery, Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { publishEvent } from '../event/publish-event.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { findWebhook } from './manage-webhooks.ts';
import { visibleTo } from './list-notifications.ts';
import { type DeliveryRecord, toDeliveryRecord } from './webhook-record.ts';

/** The receiver's workflow hears of it through the outbox. */
async function request(
  tx: Prisma.TransactionClient,
  caller: Caller,
  delivery: Delivery,
  projectId: string | null,
): Promise<void> {
  await publishEvent(tx, {
    type: 'delivery.requested',
    projectId,
    actorId: caller.principal.userId,
    subjectId: delivery.id,
    message: `${delivery.eventType} is sent again`,
    payload: { subscription: delivery.subscription },
    traceparent: caller.request.traceparent,
  });
  await writeAudit(tx, caller, {
    action: 'delivery.requested',
    resource: 'delivery',
    resourceId: delivery.id,
    projectId,
    detail: { subscription: delivery.subscription, eventId: delivery.eventId },
  });
}

/** From the start, with all its tries; it keeps its id, so a receiver that has it can tell. */
async function startAgain(tx: Prisma.TransactionClient, id: string): Promise<Delivery> {
  return await tx.delivery.update({
    where: { id },
    data: { status: 'pending', attempts: 0, error: null, nextAttemptAt: new Date() },
  });
}

/** Sends a webhook's delivery again, whatever came of it; one that waits for its next try is tried now. */
export async function redeliverToWebhook(
  db: PrismaClient,
  caller: Caller,
  { projectId, webhookId, deliveryId }: Record<'projectId' | 'webhookId' | 'deliveryId', string>,
): Promise<DeliveryRecord> {
  return await inTransaction(db, async (tx) => {
    const { active } = await findWebhook(tx, projectId, webhookId);
    if (!active) throw new DomainError('illegal_transition', 'The webhook is switched off.');
    const where = { id: deliveryId, subscription: webhookId };
    if ((await tx.delivery.count({ where })) === 0)
      throw new DomainError('not_found', 'There is no such delivery.');
    const delivery = await startAgain(tx, deliveryId);
    await request(tx, caller, delivery, projectId);
    return toDeliveryRecord(delivery);
  });
}

/** Queues a `ping` for a webhook, to see whether it is reached. */
export async function pingWebhook(
  db: PrismaClient,
  caller: Caller,
  projectId: string,
  webhookId: string,
): Promise<DeliveryRecord> {
  return await inTransaction(db, async (tx) => {
    const { active } = await findWebhook(tx, projectId, webhookId);
    if (!active) throw new DomainError('illegal_transition', 'The webhook is switched off.');
    const id = newId('delivery');
    const { userId, userName } = caller.principal;
    const delivery = await tx.delivery.create({
      data: {
        id,
        subscription: webhookId,
        webhookId,
        // No event of the outbox: the delivery stands for itself.
        eventId: id,
        eventType: 'ping',
        payload: {
          id,
          type: 'ping',
          createdAt: new Date().toISOString(),
          actor: { id: userId, name: userName },
        },
      },
    });
    await request(tx, caller, delivery, projectId);
    return toDeliveryRecord(delivery);
  });
}

/**
 * Sends one of the caller's own failed mails or webhook messages again.
 * @throws DomainError `not_found`; `illegal_transition` for one that has not failed
 */
export async function redeliverNotification(
  db: PrismaClient,
  caller: Caller,
  notificationId: string,
): Promise<void> {
  const visible = await visibleTo(db, caller.principal);
  await inTransaction(db, async (tx) => {
    const found = await tx.notification.findFirst({
      where: { ...visible, id: notificationId },
      include: { deliveries: true },
    });
    if (found === null) throw new DomainError('not_found', 'You have no such notification.');
    const moved = await tx.notification.updateMany({
      where: { id: notificationId, status: 'failed' },
      data: { status: 'pending', error: null },
    });
    const [known] = found.deliveries;
    if (moved.count === 0 || known === undefined)
      throw new DomainError('illegal_transition', 'Only what failed can be sent again.');
    await request(tx, caller, await startAgain(tx, known.id), found.projectId);
  });
}
