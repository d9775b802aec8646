import type { Client } from '@temporalio/client';
import { type DeliveryInput, wakeDeliverySignal } from '../contracts/notify/delivery.ts';
import { deliveryWorkflowId } from '../contracts/notify/subscriptions.ts';
import { readableSummary } from '../contracts/readable-summary.ts';
import { searchAttributes } from '../contracts/search-attributes.ts';
import { taskQueues } from '../contracts/task-queues.ts';
import type { deliveryWorkflow } from '../workflows/notify/delivery.workflow.ts';

/** Tells a receiver's workflow that there is something to send; starts it when it is not there. */
export async function wakeDelivery(client: Client, subscription: string): Promise<void> {
  await client.workflow.signalWithStart<typeof deliveryWorkflow, []>('deliveryWorkflow', {
    workflowId: deliveryWorkflowId(subscription),
    taskQueue: taskQueues.core,
    args: [{ subscription }] as [DeliveryInput],
    signal: wakeDeliverySignal,
    signalArgs: [],
    staticSummary: readableSummary(`Deliveries to ${subscription}`),
    typedSearchAttributes: [{ key: searchAttributes.kind, value: 'delivery' }],
  });
}
