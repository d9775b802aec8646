import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  setHandler,
  sleep,
  startChild,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { deploymentWorkflowId } from '../../contracts/deploy/ids.ts';
import { desiredChangedSignal, previewChangedSignal } from '../../contracts/deploy/messages.ts';
import type {
  PreviewDeployment,
  PreviewInput,
  PreviewRecords,
} from '../../contracts/deploy/preview.ts';
import { readableSummary } from '../../contracts/readable-summary.ts';
import { runAttributes, searchAttributes } from '../../contracts/search-attributes.ts';
import { taskQueues } from '../../contracts/task-queues.ts';
import { isHistoryLong } from '../history-length.ts';
import type { deploymentWorkflow } from './deployment.workflow.ts';

// Over Postgres only and idempotent: tried until the database is back.
const records = proxyActivities<PreviewRecords>({
  taskQueue: taskQueues.core,
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '200 milliseconds', maximumInterval: '10 seconds' },
});

/**
 * The preview of a merge request, from the moment that it is wanted until nothing of it is left. What serves is its
 * child: whatever ends this workflow asks the child to end too, and a deployment of a preview that is asked to end takes
 * itself down first. So nothing can be left behind. Signal: previewChanged.
 */
export async function previewWorkflow(input: PreviewInput): Promise<void> {
  const entity = new PreviewEntity(input);
  setHandler(previewChangedSignal, () => {
    entity.wake();
  });
  try {
    await entity.run();
  } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => entity.leave());
    throw error;
  }
}

interface Child {
  scope: CancellationScope;
  signal: () => Promise<void>;
}

class PreviewEntity {
  readonly #input: PreviewInput;
  #child: Child | null = null;
  #wakes = 0;
  #failed = false;

  constructor(input: PreviewInput) {
    this.#input = input;
  }

  wake(): void {
    this.#wakes += 1;
  }

  async run(): Promise<void> {
    const { mergeRequestId } = this.#input;
    for (;;) {
      const seen = this.#wakes;
      const plan = await records.planPreview({ mergeRequestId });
      if (plan.kind === 'none') return await this.#outlive();
      this.#show(plan.kind === 'end' ? 'ending' : plan.deployment === null ? 'waiting' : 'up');
      if (plan.deployment !== null) await this.#tell(plan.deployment);
      if (plan.kind === 'keep') {
        await condition(() => this.#wakes !== seen, plan.restMs);
        await this.#renewHistory();
      } else if (plan.deployment !== null) {
        // Reconciled again when it has ended: it counts only that nothing is left.
        await this.#childEnded();
      } else {
        await records.finishPreview({ mergeRequestId, reason: plan.reason });
        if (this.#wakes === seen) return;
      }
    }
  }

  /** It was cancelled: its child takes itself down. */
  async leave(): Promise<void> {
    await this.#childEnded();
    const { mergeRequestId } = this.#input;
    await records.finishPreview({ mergeRequestId, reason: 'stopped' });
  }

  /** The rows are gone, with their project; the deployment sees it too and removes what it had. */
  async #outlive(): Promise<void> {
    await this.#child?.signal();
    await this.#childEnded();
  }

  #show(state: string): void {
    upsertSearchAttributes([{ key: searchAttributes.state, value: state }]);
  }

  async #childEnded(): Promise<void> {
    await condition(() => this.#child === null);
  }

  /** The deployment reconciles its row; one that does not run is started. */
  async #tell(deployment: PreviewDeployment): Promise<void> {
    if (this.#child === null) await this.#start(deployment);
    else await this.#child.signal();
  }

  async #start(deployment: PreviewDeployment): Promise<void> {
    if (this.#failed) await sleep('5 seconds');
    const scope = new CancellationScope();
    const handle = await scope.run(() => startDeployment(this.#input.mergeRequestId, deployment));
    this.#child = {
      scope,
      // One that has ended just now is told by its end.
      signal: () => handle.signal(desiredChangedSignal).catch(() => undefined),
    };
    const ended = (failed: boolean) => () => {
      this.#failed = failed;
      this.#child = null;
      this.wake();
    };
    void handle.result().then(ended(false), ended(true));
  }

  /** After hundreds of pushes the deployment is brought up afresh: a child does not outlive the run that started it. */
  async #renewHistory(): Promise<void> {
    if (!isHistoryLong()) return;
    this.#child?.scope.cancel();
    await this.#childEnded();
    await continueAsNew<typeof previewWorkflow>(this.#input);
  }
}

/** Waits while the deployment of an earlier run of this preview still takes itself down. */
async function startDeployment(mergeRequestId: string, deployment: PreviewDeployment) {
  const { deploymentId, projectId, changeId, summary, ...preview } = deployment;
  for (;;) {
    try {
      return await startChild<typeof deploymentWorkflow>('deploymentWorkflow', {
        args: [{ deploymentId, projectId, preview }],
        workflowId: deploymentWorkflowId(projectId, preview.environment, mergeRequestId),
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        parentClosePolicy: 'REQUEST_CANCEL',
        cancellationType: 'WAIT_CANCELLATION_COMPLETED',
        staticSummary: readableSummary(summary),
        typedSearchAttributes: runAttributes({
          changeId,
          projectId,
          kind: 'deployment',
          state: 'idle',
        }),
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      await sleep('2 seconds');
    }
  }
}
