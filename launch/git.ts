import type { Client } from '@temporalio/client';
import { repositoryCareScheduleIds } from '../contracts/git/ids.ts';
import type { RepositoryCareInput } from '../contracts/git/care.ts';
import { searchAttributes } from '../contracts/search-attributes.ts';
import { taskQueues } from '../contracts/task-queues.ts';
import type { repositoryCareWorkflow } from '../workflows/git/repository-care.workflow.ts';
import { ensureSchedule } from './schedule.ts';

interface Rhythm {
  scheduleId: string;
  every: '5 minutes' | '7 days';
  input: RepositoryCareInput;
  summary: string;
}

const rhythms: readonly Rhythm[] = [
  {
    scheduleId: repositoryCareScheduleIds.regular,
    every: '5 minutes',
    input: { fsck: false, after: null },
    summary: 'Care for all repositories',
  },
  {
    scheduleId: repositoryCareScheduleIds.weekly,
    every: '7 days',
    input: { fsck: true, after: null },
    summary: 'Check all objects of all repositories',
  },
];

async function schedule(client: Client, rhythm: Rhythm): Promise<void> {
  const spec = { intervals: [{ every: rhythm.every }] };
  const action = {
    type: 'startWorkflow' as const,
    workflowType: 'repositoryCareWorkflow' satisfies (typeof repositoryCareWorkflow)['name'],
    workflowId: rhythm.scheduleId,
    taskQueue: taskQueues.core,
    args: [rhythm.input] as [RepositoryCareInput],
    staticSummary: rhythm.summary,
    typedSearchAttributes: [{ key: searchAttributes.kind, value: 'repository-care' }],
  };
  // A pass that takes longer than its rhythm is not joined by a second one.
  const policies = { overlap: 'SKIP' as const, catchupWindow: '1 minute' as const };
  await ensureSchedule(client, { scheduleId: rhythm.scheduleId, spec, action, policies });
}

/** Makes the schedules of repository care, or brings those of an earlier version up to date. Safe to call at every start. */
export async function scheduleRepositoryCare(client: Client): Promise<void> {
  for (const rhythm of rhythms) await schedule(client, rhythm);
}
