import {
  ActivityFailure,
  ApplicationFailure,
  condition,
  continueAsNew,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';
import {
  type DeliveryActivities,
  type DeliveryInput,
  wakeDeliverySignal,
} from '../../contracts/notify/delivery.ts';
import { taskQueues } from '../../contracts/task-queues.ts';
import { countedLosses, lostThrice } from '../losses.ts';
import { isHistoryLong } from '../history-length.ts';

// Over Postgres only: tried until the database is back.
const { nextDelivery, giveUpDelivery } = proxyActivities<
  Pick<DeliveryActivities, 'nextDelivery' | 'giveUpDelivery'>
>({
  taskQueue: taskQueues.core,
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '200 milliseconds', maximumInterval: '10 seconds' },
});

// A receiver that fails is an answer, not an error: only lost workers and lost databases are tried again here, with the
// same delivery id. A heartbeat shows a lost worker within seconds.
const { sendDelivery } = proxyActivities<Pick<DeliveryActivities, 'sendDelivery'>>({
  taskQueue: taskQueues.notify,
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds', ...countedLosses },
});

/** An idle receiver needs no workflow: the next message starts one. */
const IDLE_MS = 60_000;

/**
 * Sends what one receiver is to get, in order: the next message waits until the one before was taken or given up.
 * Signal: wakeDelivery.
 */
export async function deliveryWorkflow(input: DeliveryInput): Promise<void> {
  let woken = false;
  const isWoken = () => woken;
  setHandler(wakeDeliverySignal, () => {
    woken = true;
  });
  for (;;) {
    woken = false;
    const next = await nextDelivery(input);
    if (next === null) {
      if (!isWoken() && !(await condition(isWoken, IDLE_MS))) return;
    } else if (next.waitMs > 0) {
      await condition(isWoken, next.waitMs);
    } else {
      await sendOrGiveUp(next.deliveryId);
    }
    if (isHistoryLong()) {
      await continueAsNew<typeof deliveryWorkflow>(input);
    }
  }
}

/** A message that no worker survives, or that the database refuses, holds up no other one. */
async function sendOrGiveUp(deliveryId: string): Promise<void> {
  try {
    await lostThrice('the message was sent', () => sendDelivery({ deliveryId }));
  } catch (error) {
    const cause = error instanceof ActivityFailure ? error.cause : error;
    if (!(cause instanceof ApplicationFailure)) throw error;
    await giveUpDelivery({ deliveryId, reason: cause.message });
  }
}
