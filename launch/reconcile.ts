import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import {
  deploymentOfWorkflow,
  deploymentWorkflowId,
  mergeRequestOfWorkflow,
  previewWorkflowId,
} from '../contracts/deploy/ids.ts';
import { deploymentStateQuery } from '../contracts/deploy/messages.ts';
import { pipelineRunWorkflowId } from '../contracts/pipeline/ids.ts';
import { runStateQuery } from '../contracts/pipeline/messages.ts';
import {
  type EngineEntity,
  type EnginePreview,
  type EngineRun,
  mapEngineStatus,
  reconcileScheduleId,
} from '../contracts/reconcile/types.ts';
import { searchAttributes } from '../contracts/search-attributes.ts';
import { taskQueues } from '../contracts/task-queues.ts';
import type { deploymentWorkflow } from '../workflows/deploy/deployment.workflow.ts';
import type { previewWorkflow } from '../workflows/deploy/preview.workflow.ts';
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
        return outcome === 'pending' || outcome === 'running' || outcome === 'skipped'
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

/** Environments whose entity runs, by the engine's index, which may lag behind for a moment. */
export async function listRunningEntities(
  client: Client,
): Promise<{ projectId: string; environment: string }[]> {
  const type = 'deploymentWorkflow' satisfies (typeof deploymentWorkflow)['name'];
  const query = `WorkflowType = '${type}' AND ExecutionStatus = 'Running'`;
  const found: { projectId: string; environment: string }[] = [];
  for await (const { workflowId } of client.workflow.list({ query, pageSize: 1000 })) {
    const key = deploymentOfWorkflow(workflowId);
    if (key !== null) found.push(key);
  }
  return found;
}

/** What the engine knows of the entity of an environment. Throws when the engine itself does not answer. */
export async function describeEntity(
  client: Client,
  { projectId, environment }: { projectId: string; environment: string },
): Promise<EngineEntity> {
  const handle = client.workflow.getHandle(deploymentWorkflowId(projectId, environment));
  try {
    const { status } = await handle.describe();
    const state = mapEngineStatus(status.name);
    if (state === null) return { state: 'unknown' };
    if (state !== 'running') return { state: 'ended', status: state };
    return { state, at: await askEntity(client, { projectId, environment }) };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { state: 'missing' };
    throw error;
  }
}

/** Merge requests whose preview's workflow runs, by the engine's index, which may lag behind for a moment. */
export async function listRunningPreviews(client: Client): Promise<string[]> {
  const type = 'previewWorkflow' satisfies (typeof previewWorkflow)['name'];
  const query = `WorkflowType = '${type}' AND ExecutionStatus = 'Running'`;
  const found: string[] = [];
  for await (const { workflowId } of client.workflow.list({ query, pageSize: 1000 })) {
    const mergeRequestId = mergeRequestOfWorkflow(workflowId);
    if (mergeRequestId !== null) found.push(mergeRequestId);
  }
  return found;
}

/** What the engine knows of the workflow of a preview. Throws when the engine itself does not answer. */
export async function describePreview(
  client: Client,
  mergeRequestId: string,
): Promise<EnginePreview> {
  try {
    const handle = client.workflow.getHandle(previewWorkflowId(mergeRequestId));
    const { status } = await handle.describe();
    return mapEngineStatus(status.name) ?? 'unknown';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'missing';
    throw error;
  }
}

async function askEntity(
  client: Client,
  { projectId, environment }: { projectId: string; environment: string },
): Promise<Extract<EngineEntity, { state: 'running' }>['at']> {
  const handle = client.workflow.getHandle(deploymentWorkflowId(projectId, environment));
  try {
    const { phase, syncId } = await client.withDeadline(Date.now() + QUERY_MS, () =>
      handle.query(deploymentStateQuery),
    );
    return { phase, syncId };
  } catch {
    return null;
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
      staticSummary: 'Compare runs and environments with their workflows',
      typedSearchAttributes: [{ key: searchAttributes.kind, value: 'reconcile' }],
    },
    policies: { overlap: 'SKIP', catchupWindow: '1 minute' },
  });
}
