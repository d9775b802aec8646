import {
  CancellationScope,
  condition,
  isCancellation,
  patched,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import {
  waitingBeat,
  type PipelineActivities,
  type PreparedRun,
} from '../../contracts/pipeline/activities.ts';
import { decideGateSignal } from '../../contracts/gate/messages.ts';
import {
  cancelRunSignal,
  pauseRunSignal,
  resumeRunSignal,
  runStateQuery,
} from '../../contracts/pipeline/messages.ts';
import type {
  PipelineRunInput,
  PipelineRunResult,
  StepPlan,
  StepResult,
} from '../../contracts/pipeline/types.ts';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import { taskQueues } from '../../contracts/task-queues.ts';
import { GateInbox, waitAtGate } from '../gate/wait-at-gate.ts';
import { countedLosses, lostThrice } from '../losses.ts';
import { failureText } from './failure-text.ts';
import { PipelineRunProgress } from './pipeline-run.state.ts';
import { runRow, stepActivities } from './run-row.ts';

const quickRetry = { initialInterval: '200 milliseconds', maximumInterval: '10 seconds' } as const;

// Over Postgres only and idempotent: tried until the database is back.
const records = proxyActivities<
  Pick<PipelineActivities, 'settleSteps' | 'setPaused' | 'finishPipeline'>
>({
  taskQueue: taskQueues.core,
  startToCloseTimeout: '30 seconds',
  retry: quickRetry,
});

// Checks the commit out; idempotent by run. A heartbeat shows a lost host within seconds.
const preparation = proxyActivities<Pick<PipelineActivities, 'preparePipeline'>>({
  taskQueue: taskQueues.build,
  startToCloseTimeout: '15 minutes',
  heartbeatTimeout: '15 seconds',
  retry: { ...quickRetry, ...countedLosses },
});

// People wait for it: within the workflow's own task.
const { readRunRequests } = proxyLocalActivities<Pick<PipelineActivities, 'readRunRequests'>>({
  startToCloseTimeout: '30 seconds',
  retry: quickRetry,
  localRetryThreshold: '5 seconds',
});

/**
 * One run of a pipeline: prepares, walks the steps by their needs, ends. Rows are written by its activities only.
 * Signals: cancelRun, pauseRun (nothing new starts), resumeRun, decideGate. They only wake: what people ask stands in its row.
 * Query: runState.
 */
export async function pipelineRunWorkflow(input: PipelineRunInput): Promise<PipelineRunResult> {
  const run = new PipelineRun(input);
  setHandler(cancelRunSignal, () => {
    if (!run.isWoken()) run.cancel();
  });
  setHandler(pauseRunSignal, () => {
    if (!run.isWoken()) run.setPaused(true);
  });
  setHandler(resumeRunSignal, () => {
    if (!run.isWoken()) run.setPaused(false);
  });
  setHandler(decideGateSignal, (decision) => {
    run.inbox.receive(decision);
  });
  setHandler(runStateQuery, () => run.state());
  return await run.execute();
}

class PipelineRun {
  readonly inbox = new GateInbox();
  readonly #input: PipelineRunInput;
  readonly #scope = new CancellationScope();
  #progress = new PipelineRunProgress([]);
  #prepared: PreparedRun | null = null;
  #paused = false;
  #recordedPause = false;
  #cancelled = false;
  #changed = false;
  #wakes = 0;
  #isOver = false;
  /** how it was ended together with its last steps */
  #endedWith: PipelineRunResult['status'] | null = null;
  /** steps that could not be run to an end, with why: their rows do not say it */
  readonly #givenUp: string[] = [];

  constructor(input: PipelineRunInput) {
    this.#input = input;
  }

  /** Takes a signal as no more than a wake. False only where a history of before is replayed: there it was the command. */
  isWoken(): boolean {
    // Since 2026-11-29; the other way can go when no run is alive that began before.
    if (!patched('requests-read-from-the-row')) return false;
    this.#wakes += 1;
    return true;
  }

  cancel(): void {
    this.#cancelled = true;
    this.#progress.cancel();
    this.#changed = true;
    this.#scope.cancel();
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    if (paused) this.#progress.pause();
    else this.#progress.resume();
    this.#changed = true;
  }

  state() {
    const snapshot = this.#progress.snapshot();
    return this.#prepared === null ? { ...snapshot, status: 'pending' as const } : snapshot;
  }

  async execute(): Promise<PipelineRunResult> {
    const { pipelineId } = this.#input;
    upsertSearchAttributes([{ key: searchAttributes.state, value: 'running' }]);
    // Cancelled with the workflow itself, which says so below.
    this.#heedRequests().catch(() => undefined);
    try {
      this.#prepared = await this.#scope.run(() =>
        lostThrice('the run was prepared', () => preparation.preparePipeline({ pipelineId })),
      );
      if (this.#prepared === null && !this.#cancelled) return this.#over('failure');
      if (this.#prepared !== null) await this.#walk(this.#prepared);
    } catch (error) {
      if (!isCancellation(error)) {
        const reason = `the run could not be prepared: ${failureText(error)}`;
        return await this.#finish('failure', reason);
      }
    }
    const outcome = this.#cancelled ? 'cancelled' : this.#progress.outcome();
    const reason = outcome === 'failure' ? this.#givenUp.join('\n') : '';
    return await this.#finish(outcome, reason === '' ? null : reason);
  }

  /** Reads what people ask of it whenever it is woken, until it ends. */
  async #heedRequests(): Promise<void> {
    let seen = 0;
    for (;;) {
      await condition(() => this.#isOver || this.#wakes !== seen);
      if (this.#isOver) return;
      seen = this.#wakes;
      await this.#heed();
    }
  }

  async #heed(): Promise<void> {
    const asked = await readRunRequests({ pipelineId: this.#input.pipelineId });
    if (asked.isCancelled && !this.#cancelled) this.cancel();
    if (asked.isPaused !== this.#paused) this.setPaused(asked.isPaused);
  }

  async #walk(prepared: PreparedRun): Promise<void> {
    this.#progress = new PipelineRunProgress(prepared.plan.steps);
    if (this.#paused) this.#progress.pause();
    if (this.#cancelled) this.#progress.cancel();
    while (!this.#progress.isOver()) {
      this.#changed = false;
      await this.#recordPause();
      for (const step of this.#progress.startable(prepared.share)) this.#start(prepared, step);
      const blocked = this.#progress.takeBlocked();
      if (blocked.length > 0) {
        await records.settleSteps({
          pipelineId: this.#input.pipelineId,
          steps: blocked.map((step) => ({ ...step, status: 'skipped' as const })),
        });
      }
      if (!this.#progress.isOver()) await condition(() => this.#changed);
    }
  }

  async #recordPause(): Promise<void> {
    if (this.#recordedPause === this.#paused) return;
    this.#recordedPause = this.#paused;
    await records.setPaused({ pipelineId: this.#input.pipelineId, paused: this.#paused });
  }

  #start(prepared: PreparedRun, step: StepPlan): void {
    this.#progress.begin(step.name, step.kind === 'gate' ? 'waiting' : 'running');
    // Since 2026-11-30; the other way can go when no run is alive that began before.
    if (step.kind === 'command' && patched('steps-in-a-row')) {
      void this.#runRow(prepared, step);
      return;
    }
    const work = step.kind === 'gate' ? this.#atGate(step) : this.#runWithRetries(prepared, step);
    void work.then((result) => {
      this.#progress.end(step.name, result.status, result.reason);
      this.#changed = true;
    });
  }

  /** Runs the step and those that follow it one by one; the last of them may end the run. */
  async #runRow(prepared: PreparedRun, step: StepPlan): Promise<void> {
    const run = {
      pipelineId: this.#input.pipelineId,
      prepared,
      progress: this.#progress,
      scope: this.#scope,
      isCancelled: () => this.#cancelled,
      heed: () => this.#heed(),
      giveUp: (name: string, reason: string) => void this.#givenUp.push(`${name}: ${reason}`),
    };
    const ended = await runRow(run, this.#progress.rowFrom(step));
    if (ended !== null) this.#endedWith = ended;
    this.#changed = true;
  }

  /** One step for itself, as runs of before have it. */
  async #runWithRetries(
    prepared: PreparedRun,
    step: StepPlan,
  ): Promise<Pick<StepResult, 'reason'> & { status: 'success' | 'failure' | 'cancelled' }> {
    const activities = stepActivities(prepared.hostQueue, [step.timeoutMs]);
    const ancestors = this.#progress.ancestorsOf(step.name);
    for (let tryNumber = 1; ; tryNumber += 1) {
      try {
        const result = await this.#scope.run(() =>
          lostThrice(
            'the step ran',
            () =>
              activities.runStep({
                pipelineId: this.#input.pipelineId,
                step: step.name,
                tryNumber,
                ancestors,
              }),
            { waitingBeat },
          ),
        );
        if (result.status !== 'failure' || tryNumber > step.retries || this.#cancelled)
          return result;
      } catch (error) {
        if (isCancellation(error)) return { status: 'cancelled', reason: 'cancelled' };
        const reason = failureText(error);
        this.#givenUp.push(`${step.name}: ${reason}`);
        return { status: 'failure', reason };
      }
    }
  }

  async #atGate(
    step: StepPlan,
  ): Promise<{ status: 'success' | 'failure' | 'skipped' | 'cancelled'; reason: string | null }> {
    const { pipelineId } = this.#input;
    try {
      const { status, decisions } = await this.#scope.run(() =>
        waitAtGate(this.inbox, {
          pipelineId,
          step: step.name,
          workflowId: workflowInfo().workflowId,
        }),
      );
      const reason =
        decisions.map((decision) => decision.reason).find((text) => text !== null) ?? null;
      if (status === 'approved') return { status: 'success', reason };
      if (status === 'skipped') return { status: 'skipped', reason };
      if (status === 'void') return { status: 'cancelled', reason: reason ?? status };
      return { status: 'failure', reason: reason ?? status };
    } catch (error) {
      if (isCancellation(error)) return { status: 'cancelled', reason: 'cancelled' };
      return { status: 'failure', reason: failureText(error) };
    }
  }

  async #finish(
    status: PipelineRunResult['status'],
    error: string | null,
  ): Promise<PipelineRunResult> {
    const { pipelineId } = this.#input;
    this.#isOver = true;
    if (this.#endedWith !== null) return this.#over(this.#endedWith);
    return await CancellationScope.nonCancellable(async () => {
      const ended = await records.finishPipeline({ pipelineId, status, error });
      if (this.#prepared !== null) await this.#cleanUp(this.#prepared.hostQueue);
      return this.#over(endedAs(ended) ?? status);
    });
  }

  /** The workspace is rubbish by now: a host that is gone must not hold up the end of the run. */
  async #cleanUp(hostQueue: string): Promise<void> {
    const { removeWorkspace } = proxyActivities<Pick<PipelineActivities, 'removeWorkspace'>>({
      taskQueue: hostQueue,
      scheduleToCloseTimeout: '10 minutes',
      startToCloseTimeout: '2 minutes',
      retry: quickRetry,
    });
    try {
      await removeWorkspace({ pipelineId: this.#input.pipelineId });
    } catch {
      // Swept by the host itself at its next start.
    }
  }

  #over(status: PipelineRunResult['status']): PipelineRunResult {
    upsertSearchAttributes([{ key: searchAttributes.state, value: status }]);
    return { status };
  }
}

/** Workers of before answered nothing when they ended a run. */
function endedAs(ended: { status: PipelineRunResult['status'] } | null | undefined) {
  return ended?.status ?? null;
}
