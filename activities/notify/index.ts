import { Context } from '@temporalio/activity';
import type { DeliveryActivities } from '../../contracts/notify/delivery.ts';
import { findNextDelivery } from '../../domain/notify/next-delivery.ts';
import { prepareDelivery } from '../../domain/notify/prepare-delivery.ts';
import { recordDelivery, type RetryPolicy } from '../../domain/notify/record-delivery.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { translating } from '../translating.ts';
import { type SendDeps, tryDelivery } from './send-delivery.ts';

const HEARTBEAT_MS = 2_000;

/** Activities over Postgres only: queue `core`. */
export function createDeliveryRecords(
  db: PrismaClient,
): Pick<DeliveryActivities, 'nextDelivery' | 'giveUpDelivery'> {
  return {
    nextDelivery: ({ subscription }) => findNextDelivery(db, subscription),
    giveUpDelivery: ({ deliveryId, reason: error }) => {
      const untried = { responseStatus: null, durationMs: 0 };
      const outcome = { kind: 'failed', error, isFinal: true, ...untried } as const;
      return recordDelivery(db, deliveryId, outcome, last);
    },
  };
}

/** There is no further try. */
const last: RetryPolicy = { attempts: 1, retryAfterMs: 0, retryLimitMs: 0 };

/** What leaves the house: queue `notify`. */
export function createDeliverySender(
  deps: SendDeps & { policy: RetryPolicy },
): Pick<DeliveryActivities, 'sendDelivery'> {
  return {
    sendDelivery: translating(async ({ deliveryId }) => {
      const beat = setInterval(() => Context.current().heartbeat(), HEARTBEAT_MS);
      try {
        const prepared = await prepareDelivery(deps.db, deliveryId);
        if (prepared === null) return;
        const outcome = await tryDelivery(deps, deliveryId, prepared);
        await recordDelivery(deps.db, deliveryId, outcome, deps.policy);
      } finally {
        clearInterval(beat);
      }
    }),
  };
}
