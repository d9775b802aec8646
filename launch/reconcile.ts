import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { pipelineRunWorkflowId } from '../contracts/pipeline/ids.ts';
import { runStateQuery } from '../contracts/pipeline/messages.ts';
import {
  type EngineRun,
  mapEngineStatus,
  reconcileScheduleId,
} from '../contracts/reconcile/types.ts';
import { searchAttributes } from '../contracts/search-attributes.ts';
import { taskQueues } from '../contracts/task-queues.ts';
import type { pipelineRunWorkflow } from '../workflows/pipeline/pipeline-run.workflow.ts';
import type { reconcileWorkflow } from '../workflows/reconcile/reconcile.workflow.ts';
import { ensureSchedule } from './schedule.ts';

/** A run that is busy answers later; the next pass asks again. */
const QUERY_MS = 5_000;

/** What the engine knows of a run. Throws when the engine itself does not answer. */
export async function describePipelineRun(client: Client, pipelineId: string): Promise<EngineRun> {
  const handle = client.workflow.getHandle<typeof pipelineRunWorkflow>(
    pipelineRunWorkflowId(pipelineId),
  );
  try {
    const { status } = await handle.describe();
    switch (mapEngineStatus(status.name)) {
      case 'running':
        return { state: 'running', steps: await askSteps(client, pipelineId) };
      case 'completed': {
        const { status: outcome } = await handle.result();
        return outcome === 'pending' || outcome === 'running'
          ? { state: 'unknown' }
          : { state: 'ended', status: outcome };
      }
      case 'failure':
        return { state: 'ended', status: 'failure' };
      case 'cancelled':
        return { state: 'ended', status: 'cancelled' };
      case null:
        return { state: 'unknown' };
    }
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { state: 'missing' };
    throw error;
  }
}

async function askSteps(
  client: Client,
  pipelineId: string,
): Promise<Extract<EngineRun, { state: 'running' }>['steps']> {
  const handle = client.workflow.getHandle(pipelineRunWorkflowId(pipelineId));
  try {
    const { steps } = await client.withDeadline(Date.now() + QUERY_MS, () =>
      handle.query(runStateQuery),
    );
    return steps.map(({ name, status }) => ({ name, status }));
  } catch {
    return null;
  }
}

/** Makes the schedule of the reconciler, or brings it up to date. */
export async function scheduleReconcile(client: Client): Promise<void> {
  await ensureSchedule(client, {
    scheduleId: reconcileScheduleId,
    spec: { intervals: [{ every: '1 minute' }] },
    action: {
      type: 'startWorkflow',
      workflowType: 'reconcileWorkflow' satisfies (typeof reconcileWorkflow)['name'],
      workflowId: reconcileScheduleId,
      taskQueue: taskQueues.core,
      args: [],
      staticSummary: 'Compare runs with their workflows',
      typedSearchAttributes: [{ key: searchAttributes.kind, value: 'reconcile' }],
    },
    policies: { overlap: 'SKIP', catchupWindow: '1 minute' },
  });
}
