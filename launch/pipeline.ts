import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { decideGateSignal } from '../contracts/gate/messages.ts';
import type { GateDecision } from '../contracts/gate/types.ts';
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

/** Hands a request on to the run. A run that has ended takes none: nothing happens. */
export async function signalPipelineRun(
  client: Client,
  pipelineId: string,
  command: { kind: 'cancel'; reason: string } | { kind: 'pause' } | { kind: 'resume' },
): Promise<void> {
  const handle = client.workflow.getHandle(pipelineRunWorkflowId(pipelineId));
  await ifRunning(async () => {
    if (command.kind === 'cancel') await handle.signal(cancelRunSignal, { reason: command.reason });
    else await handle.signal(command.kind === 'pause' ? pauseRunSignal : resumeRunSignal);
  });
}

/** Hands a decision to the workflow that waits at the gate. */
export async function signalGateDecision(
  client: Client,
  workflowId: string,
  decision: GateDecision,
): Promise<void> {
  await ifRunning(() => client.workflow.getHandle(workflowId).signal(decideGateSignal, decision));
}
