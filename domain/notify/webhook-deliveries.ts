import type { EventRecord } from '../../contracts/event/types.ts';
import { aliasesOf, isInternal, subscribesTo } from '../../contracts/notify/event-names.ts';
import type { Prisma } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { newId } from '../shared/new-id.ts';

/** A delivery for each active webhook of the event's project that wants it. */
export async function webhookDeliveries(
  db: Db,
  event: EventRecord,
): Promise<Prisma.DeliveryCreateManyInput[]> {
  if (event.projectId === null || isInternal(event.type)) return [];
  const webhooks = await db.webhook.findMany({
    where: { projectId: event.projectId, active: true },
    orderBy: { id: 'asc' },
  });
  const wanting = webhooks.filter((webhook) => subscribesTo(webhook.events, event.type));
  if (wanting.length === 0) return [];
  const payload = await payloadOf(db, event, event.projectId);
  return wanting.map((webhook) => ({
    id: newId('delivery'),
    subscription: webhook.id,
    webhookId: webhook.id,
    eventId: event.id,
    eventType: event.type,
    payload,
  }));
}

/** What a webhook is sent: the event as `GET /api/v1/events` shows it, with the names of its project and actor. */
async function payloadOf(
  db: Db,
  event: EventRecord,
  projectId: string,
): Promise<Prisma.InputJsonObject> {
  const project = await db.project.findUnique({
    where: { id: projectId },
    select: { id: true, name: true, owner: { select: { name: true } } },
  });
  const actor =
    event.actorId === null
      ? null
      : await db.user.findUnique({
          where: { id: event.actorId },
          select: { id: true, name: true },
        });
  return {
    id: event.id,
    type: event.type,
    aliases: aliasesOf(event.type),
    createdAt: event.createdAt,
    message: event.message,
    project: project && { id: project.id, owner: project.owner.name, name: project.name },
    actor,
    changeId: event.changeId,
    subjectId: event.subjectId,
    data: event.payload as Prisma.InputJsonObject,
  };
}
