import type { Delivery, Webhook } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';

/** A delivery as lists show it; without what was sent. */
export interface DeliveryRecord {
  id: string;
  eventId: string;
  eventType: string;
  status: 'pending' | 'sent' | 'failed';
  attempts: number;
  responseStatus: number | null;
  error: string | null;
  durationMs: number | null;
  createdAt: string;
  sentAt: string | null;
  /** when the next try is due; null when there is none */
  nextAttemptAt: string | null;
}

export interface WebhookRecord {
  id: string;
  url: string;
  events: string[];
  /** name of the project secret that signs; null: a key of its own, see signing-secret */
  secret: string | null;
  active: boolean;
  /** why Slipway switched it off */
  offReason: string | null;
  createdBy: { id: string; name: string } | null;
  createdAt: string;
  updatedAt: string;
  lastDelivery: DeliveryRecord | null;
}

export function toDeliveryRecord(row: Delivery): DeliveryRecord {
  return {
    id: row.id,
    eventId: row.eventId,
    eventType: row.eventType,
    status: row.status as DeliveryRecord['status'],
    attempts: row.attempts,
    responseStatus: row.responseStatus,
    error: row.error,
    durationMs: row.durationMs,
    createdAt: row.createdAt.toISOString(),
    sentAt: row.sentAt?.toISOString() ?? null,
    nextAttemptAt: row.status === 'pending' ? row.nextAttemptAt.toISOString() : null,
  };
}

/** Rows → records, with who made each and how its last delivery went. */
export async function toWebhookRecords(db: Db, rows: readonly Webhook[]): Promise<WebhookRecord[]> {
  const makers = await db.user.findMany({
    where: { id: { in: rows.flatMap((row) => row.createdBy ?? []) } },
    select: { id: true, name: true },
  });
  return await Promise.all(
    rows.map(async (row) => {
      const last = await db.delivery.findFirst({
        where: { subscription: row.id },
        orderBy: { seq: 'desc' },
      });
      return {
        id: row.id,
        url: row.url,
        events: row.events,
        secret: row.secret,
        active: row.active,
        offReason: row.offReason,
        createdBy: makers.find((maker) => maker.id === row.createdBy) ?? null,
        createdAt: row.createdAt.toISOString(),
        updatedAt: row.updatedAt.toISOString(),
        lastDelivery: last && toDeliveryRecord(last),
      };
    }),
  );
}
