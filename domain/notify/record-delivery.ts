import type { PrismaClient } from '../../prisma/generated/client.ts';
import { storableText } from '../shared/storable-json.ts';
import { inTransaction } from '../shared/tx.ts';

export interface RetryPolicy {
  /** tries before a message is given up */
  attempts: number;
  /** wait before the second try; five times as long before each further one */
  retryAfterMs: number;
  retryLimitMs: number;
}

/** What came of one try. */
export type DeliveryOutcome =
  | { kind: 'sent'; responseStatus: number | null; durationMs: number }
  | {
      kind: 'failed';
      error: string;
      /** no further try: the receiver will not take it, or may not be reached */
      isFinal: boolean;
      responseStatus: number | null;
      durationMs: number;
    };

/** Wait before try number `attempts + 1`, in ms. */
export function retryWaitMs(attempts: number, policy: RetryPolicy): number {
  return Math.min(policy.retryLimitMs, policy.retryAfterMs * 5 ** (attempts - 1));
}

/** Writes down what came of a try, in the delivery and in the notification that it carries. Once: what has ended stays. */
export async function recordDelivery(
  db: PrismaClient,
  deliveryId: string,
  outcome: DeliveryOutcome,
  policy: RetryPolicy,
): Promise<void> {
  await inTransaction(db, async (tx) => {
    await tx.$queryRaw`SELECT id FROM deliveries WHERE id = ${deliveryId} FOR UPDATE`;
    const delivery = await tx.delivery.findUnique({ where: { id: deliveryId } });
    if (delivery?.status !== 'pending') return;
    const attempts = delivery.attempts + 1;
    const { responseStatus, durationMs } = outcome;
    const now = new Date();
    const isOver = outcome.kind === 'failed' && (outcome.isFinal || attempts >= policy.attempts);
    const state =
      outcome.kind === 'sent'
        ? { status: 'sent', sentAt: now, error: null }
        : {
            status: isOver ? 'failed' : 'pending',
            error: storableText(outcome.error), // it may quote what a receiver answered
            nextAttemptAt: new Date(now.getTime() + retryWaitMs(attempts, policy)),
          };
    await tx.delivery.update({
      where: { id: deliveryId },
      data: { attempts, responseStatus, durationMs, ...state },
    });
    if (outcome.responseStatus === 410 && delivery.webhookId !== null) {
      await tx.webhook.updateMany({
        where: { id: delivery.webhookId },
        data: { active: false, offReason: 'the receiver answered 410 Gone' },
      });
    }
    if (delivery.notificationId === null || state.status === 'pending') return;
    await tx.notification.updateMany({
      where: { id: delivery.notificationId, status: 'pending' },
      data:
        outcome.kind === 'sent'
          ? { status: 'sent', sentAt: now, error: null }
          : { status: 'failed', error: storableText(outcome.error) },
    });
  });
}
