import type { Client } from '@temporalio/client';
import { deploymentWorkflowId, previewWorkflowId } from '../contracts/deploy/ids.ts';
import {
  abortSyncSignal,
  desiredChangedSignal,
  previewChangedSignal,
} from '../contracts/deploy/messages.ts';
import type { PreviewInput } from '../contracts/deploy/preview.ts';
import type { DeploymentInput } from '../contracts/deploy/types.ts';
import { readableSummary } from '../contracts/readable-summary.ts';
import { runAttributes, searchAttributes } from '../contracts/search-attributes.ts';
import { taskQueues } from '../contracts/task-queues.ts';
import type { deploymentWorkflow } from '../workflows/deploy/deployment.workflow.ts';
import type { previewWorkflow } from '../workflows/deploy/preview.workflow.ts';
import { ifRunning } from './if-running.ts';

/**
 * Wakes the entity of an environment, and starts it where it does not run: safe to repeat, one runs at a time.
 * `summary` is what the Temporal UI shows: `sample · production`.
 */
export async function wakeDeployment(
  client: Client,
  input: DeploymentInput & { environment: string; changeId: string | null },
  summary: string,
): Promise<void> {
  const { environment, changeId, ...rest } = input;
  await client.workflow.signalWithStart<typeof deploymentWorkflow>('deploymentWorkflow', {
    args: [rest],
    signal: desiredChangedSignal,
    taskQueue: taskQueues.core,
    workflowId: deploymentWorkflowId(input.projectId, environment),
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: readableSummary(summary),
    typedSearchAttributes: runAttributes({ ...input, kind: 'deployment', state: 'idle' }),
  });
}

/** Wakes the workflow of a preview, and starts it where it does not run: safe to repeat, one runs at a time. */
export async function wakePreview(
  client: Client,
  input: PreviewInput & { changeId: string },
  summary: string,
): Promise<void> {
  const { changeId, ...rest } = input;
  await client.workflow.signalWithStart<typeof previewWorkflow>('previewWorkflow', {
    args: [rest],
    signal: previewChangedSignal,
    taskQueue: taskQueues.core,
    workflowId: previewWorkflowId(input.mergeRequestId),
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: readableSummary(summary),
    typedSearchAttributes: runAttributes({ ...input, kind: 'preview', state: 'waiting' }),
  });
}

/** Has the previews of a project reconcile their rows, which went with it. */
export async function wakePreviewsOf(client: Client, projectId: string): Promise<void> {
  const type = 'previewWorkflow' satisfies (typeof previewWorkflow)['name'];
  const { name } = searchAttributes.projectId;
  const query = `WorkflowType = '${type}' AND ${name} = '${projectId}' AND ExecutionStatus = 'Running'`;
  for await (const { workflowId } of client.workflow.list({ query })) {
    await nudge(client, workflowId);
  }
}

/** Has the workflow of a preview reconcile its rows, where it runs. Nothing happens where none does. */
export async function nudgePreview(client: Client, mergeRequestId: string): Promise<void> {
  await nudge(client, previewWorkflowId(mergeRequestId));
}

async function nudge(client: Client, workflowId: string): Promise<void> {
  await ifRunning(() => client.workflow.getHandle(workflowId).signal(previewChangedSignal));
}

/** Wakes the entity whose rollout somebody wants undone: it reads the row. Nothing happens where nothing runs. */
export async function wakeToAbort(
  client: Client,
  input: { projectId: string; environment: string; mergeRequestId: string | null },
): Promise<void> {
  const id = deploymentWorkflowId(input.projectId, input.environment, input.mergeRequestId);
  await ifRunning(() => client.workflow.getHandle(id).signal(abortSyncSignal));
}

/** Ends the entity of an environment that is gone. Nothing happens where none runs. */
export async function endDeployment(
  client: Client,
  input: { projectId: string; environment: string },
): Promise<void> {
  const id = deploymentWorkflowId(input.projectId, input.environment);
  await ifRunning(() => client.workflow.getHandle(id).terminate('its deployment is gone'));
}
