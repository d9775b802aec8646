import type { Client } from '@temporalio/client';
import { retentionScheduleId } from '../contracts/retention/types.ts';
import { searchAttributes } from '../contracts/search-attributes.ts';
import { taskQueues } from '../contracts/task-queues.ts';
import type { retentionWorkflow } from '../workflows/retention/retention.workflow.ts';
import { ensureSchedule } from './schedule.ts';

/** Makes the hourly schedule of retention, or brings it up to date. */
export async function scheduleRetention(client: Client): Promise<void> {
  await ensureSchedule(client, {
    scheduleId: retentionScheduleId,
    spec: { intervals: [{ every: '1 hour' }] },
    action: {
      type: 'startWorkflow',
      workflowType: 'retentionWorkflow' satisfies (typeof retentionWorkflow)['name'],
      workflowId: retentionScheduleId,
      taskQueue: taskQueues.core,
      args: [],
      staticSummary: 'Remove what has outlived its time',
      typedSearchAttributes: [{ key: searchAttributes.kind, value: 'retention' }],
    },
    // A pass that takes longer than an hour is not joined by a second one.
    policies: { overlap: 'SKIP', catchupWindow: '1 minute' },
  });
}
