import type { Prisma } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { type Page, type PageRequest, toPage } from '../shared/page.ts';
import { findWebhook } from './manage-webhooks.ts';
import { type DeliveryRecord, toDeliveryRecord } from './webhook-record.ts';

/** Deliveries of a project's webhook, newest first; those that failed for good are the dead letters. */
export async function listDeliveries(
  db: Db,
  { projectId, webhookId, status }: { projectId: string; webhookId: string; status?: string },
  page: PageRequest,
): Promise<Page<DeliveryRecord>> {
  await findWebhook(db, projectId, webhookId);
  const where: Prisma.DeliveryWhereInput = {
    subscription: webhookId,
    ...(status === undefined ? {} : { status }),
  };
  const rows = await db.delivery.findMany({
    where: { ...where, ...(page.after === null ? {} : { id: { lt: page.after } }) },
    orderBy: { id: 'desc' },
    skip: page.offset,
    take: page.limit + 1,
  });
  return toPage(rows, page, await db.delivery.count({ where }), toDeliveryRecord);
}
