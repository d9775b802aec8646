import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { decideGateSignal } from '../contracts/gate/messages.ts';
import { pipelineRunWorkflowId } from '../contracts/pipeline/ids.ts';
import {
  cancelRunSignal,
  pauseRunSignal,
  resumeRunSignal,
} from '../contracts/pipeline/messages.ts';
import type { PipelineRunInput } from '../contracts/pipeline/types.ts';
import { readableSummary } from '../contracts/readable-summary.ts';
import { runAttributes } from '../contracts/search-attributes.ts';
import { taskQueues } from '../contracts/task-queues.ts';
import type { pipelineRunWorkflow } from '../workflows/pipeline/pipeline-run.workflow.ts';
import { ifRunning } from './if-running.ts';

/**
 * Starts the workflow of a run. Its id is the run's, so a second start, also of a run that has ended, does nothing.
 * `summary` is what the Temporal UI shows: `sample #12 · main · push`.
 */
export async function startPipelineRun(
  client: Client,
  input: PipelineRunInput,
  summary: string,
): Promise<void> {
  try {
    await client.workflow.start<typeof pipelineRunWorkflow>('pipelineRunWorkflow', {
      args: [input],
      taskQueue: taskQueues.core,
      workflowId: pipelineRunWorkflowId(input.pipelineId),
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowIdConflictPolicy: 'FAIL',
      staticSummary: readableSummary(summary),
      typedSearchAttributes: runAttributes({ ...input, kind: 'pipeline', state: 'pending' }),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

const requestSignals = {
  cancel: cancelRunSignal,
  pause: pauseRunSignal,
  resume: resumeRunSignal,
} as const;

/** Wakes a run that somebody asked something of: it reads its row. One that has ended takes nothing: nothing happens. */
export async function wakePipelineRun(
  client: Client,
  pipelineId: string,
  request: keyof typeof requestSignals,
): Promise<void> {
  const handle = client.workflow.getHandle(pipelineRunWorkflowId(pipelineId));
  await ifRunning(() => handle.signal(requestSignals[request]));
}

/** Wakes the workflow that waits at a gate: it reads how its gate stands. */
export async function wakeAtGate(client: Client, workflowId: string): Promise<void> {
  await ifRunning(() => client.workflow.getHandle(workflowId).signal(decideGateSignal));
}
