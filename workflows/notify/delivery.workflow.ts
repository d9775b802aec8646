import { condition, continueAsNew, proxyActivities, setHandler } from '@temporalio/workflow';
import {
  type DeliveryActivities,
  type DeliveryInput,
  wakeDeliverySignal,
} from '../../contracts/notify/delivery.ts';
import { taskQueues } from '../../contracts/task-queues.ts';
import { isHistoryLong } from '../history-length.ts';

// Over Postgres only: tried until the database is back.
const { nextDelivery } = proxyActivities<Pick<DeliveryActivities, 'nextDelivery'>>({
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
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
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
      await sendDelivery({ deliveryId: next.deliveryId });
    }
    if (isHistoryLong()) {
      await continueAsNew<typeof deliveryWorkflow>(input);
    }
  }
}
