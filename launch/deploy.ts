import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { deploymentWorkflowId } from '../contracts/deploy/ids.ts';
import { abortSyncSignal, desiredChangedSignal } from '../contracts/deploy/messages.ts';
import type { DeploymentInput } from '../contracts/deploy/types.ts';
import { readableSummary } from '../contracts/readable-summary.ts';
import { searchAttributes } from '../contracts/search-attributes.ts';
import { taskQueues } from '../contracts/task-queues.ts';
import type { deploymentWorkflow } from '../workflows/deploy/deployment.workflow.ts';

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
    typedSearchAttributes: [
      ...(changeId === null ? [] : [{ key: searchAttributes.changeId, value: changeId }]),
      { key: searchAttributes.projectId, value: input.projectId },
      { key: searchAttributes.kind, value: 'deployment' },
      { key: searchAttributes.state, value: 'idle' },
    ],
  });
}

/** Has what is being rolled out undone. Nothing happens where nothing runs. */
export async function abortDeployment(
  client: Client,
  input: { projectId: string; environment: string; reason: string },
): Promise<void> {
  const id = deploymentWorkflowId(input.projectId, input.environment);
  try {
    await client.workflow.getHandle(id).signal(abortSyncSignal, { reason: input.reason });
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

/** Ends the entity of an environment that is gone. Nothing happens where none runs. */
export async function endDeployment(
  client: Client,
  input: { projectId: string; environment: string },
): Promise<void> {
  const id = deploymentWorkflowId(input.projectId, input.environment);
  try {
    await client.workflow.getHandle(id).terminate('its deployment is gone');
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
