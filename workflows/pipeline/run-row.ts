import {
  type CancellationScope,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import {
  waitingBeat,
  type PipelineActivities,
  type PreparedRun,
  type RanSteps,
} from '../../contracts/pipeline/activities.ts';
import type { PipelineStatus, StepPlan } from '../../contracts/pipeline/types.ts';
import { countedLosses, lostThrice } from '../losses.ts';
import { failureText } from './failure-text.ts';
import type { PipelineRunProgress } from './pipeline-run.state.ts';

/** Time above a step's own timeout for stopping it, storing artifacts and its log. */
const STEP_GRACE_MS = 5 * 60_000;
/** A step waits for a place on its host within its activity. Whether that is alive is told by its beats. */
const STEP_WAIT_MS = 24 * 60 * 60_000;

const quickRetry = { initialInterval: '200 milliseconds', maximumInterval: '10 seconds' } as const;

/** Activities on the host of a run, for steps that take so long together, each with its grace. */
export function stepActivities(hostQueue: string, timeoutsMs: readonly number[]) {
  const togetherMs = timeoutsMs.reduce((sum, ms) => sum + ms + STEP_GRACE_MS, 0);
  return proxyActivities<Pick<PipelineActivities, 'runStep' | 'runSteps'>>({
    taskQueue: hostQueue,
    startToCloseTimeout: STEP_WAIT_MS + togetherMs,
    // The worker beats each second; a lost one is noticed within 10 s and the step starts anew from a clean workspace.
    heartbeatTimeout: '10 seconds',
    // The host that holds the workspace may be away for a restart, not for good.
    scheduleToStartTimeout: '30 minutes',
    // A command that fails is an answer, not an error: only lost workers and lost databases are tried again here.
    retry: { ...quickRetry, ...countedLosses, maximumAttempts: 20 },
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  });
}

// Only where a worker was lost: within the workflow's own task.
const { readEndedSteps } = proxyLocalActivities<Pick<PipelineActivities, 'readEndedSteps'>>({
  startToCloseTimeout: '30 seconds',
  retry: quickRetry,
  localRetryThreshold: '5 seconds',
});

/** The run that a row of steps belongs to. */
export interface RunOfRow {
  pipelineId: string;
  prepared: PreparedRun;
  progress: PipelineRunProgress;
  scope: CancellationScope;
  isCancelled: () => boolean;
  /** reads what people ask of it */
  heed: () => Promise<void>;
  /** a step that could not be run to an end, with why: its row does not say it */
  giveUp: (step: string, reason: string) => void;
}

/** Steps that are run one after another by one activity, as long as each succeeds. */
class StepRow {
  readonly #run: RunOfRow;
  #left: StepPlan[];
  #tryNumber = 1;

  constructor(run: RunOfRow, steps: StepPlan[]) {
    this.#run = run;
    this.#left = steps;
  }

  get first(): StepPlan | undefined {
    return this.#left[0];
  }

  get isAgain(): boolean {
    return this.#tryNumber > 1;
  }

  /** Takes what became of the first ones. A failure that is to be tried again stays the first; any other ends the row. */
  take(results: RanSteps['results']): void {
    for (const { step, status, reason } of results) {
      const plan = this.first;
      if (plan?.name !== step) return;
      if (status === 'failure' && this.#tryNumber <= plan.retries && !this.#run.isCancelled()) {
        this.#tryNumber += 1;
        return;
      }
      this.end(status, reason);
    }
  }

  /** Ends the first step, and unless it succeeded the row. */
  end(status: 'success' | 'failure' | 'cancelled', reason: string | null): void {
    const plan = this.first;
    if (plan === undefined) return;
    this.#begin();
    this.#run.progress.end(plan.name, status, reason);
    this.#left = status === 'success' ? this.#left.slice(1) : [];
    this.#tryNumber = 1;
  }

  /** Runs what is left of it; a worker that is lost leaves the rest to another. */
  async attempt(): Promise<RanSteps> {
    const whereLost = async () => {
      const steps = this.#left.map(({ name }) => name);
      const { pipelineId } = this.#run;
      const found = await readEndedSteps({ pipelineId, steps, tryNumber: this.#tryNumber });
      this.take(found.ended);
      return found.atWork;
    };
    return await lostThrice('the step ran', () => this.#ask(), { waitingBeat, whereLost });
  }

  async #ask(): Promise<RanSteps> {
    const { pipelineId, prepared, progress } = this.#run;
    const isRest = progress.isRest(this.#left);
    if (this.#left.length === 0 && !isRest) return { results: [], ended: null };
    this.#begin();
    const timeoutsMs = this.#left.map(({ timeoutMs }) => timeoutMs);
    const names = this.#left.map(({ name }) => name);
    return await stepActivities(prepared.hostQueue, timeoutsMs).runSteps({
      pipelineId,
      steps: names.map((name) => ({ name, ancestors: progress.ancestorsOf(name, names) })),
      tryNumber: this.#tryNumber,
      isRest,
    });
  }

  #begin(): void {
    const plan = this.first;
    if (plan === undefined || this.#run.progress.isRunning(plan.name)) return;
    this.#run.progress.begin(plan.name, 'running');
  }
}

/**
 * Runs a step and those that follow it one by one. What is left when it returns is for the run to start: where one has
 * failed, or people ask for it to wait.
 * @returns how the run ended with the last of them; null: it did not
 */
export async function runRow(run: RunOfRow, steps: StepPlan[]): Promise<PipelineStatus | null> {
  const row = new StepRow(run, steps);
  for (;;) {
    try {
      const { results, ended } = await run.scope.run(() => row.attempt());
      row.take(results);
      if (ended !== null || row.first === undefined) return ended;
      if (row.isAgain) continue;
      // It ended before its end: its host was asked to hold it, or met something that it meets again when it begins anew.
      await run.heed();
      return null;
    } catch (error) {
      if (isCancellation(error)) {
        row.end('cancelled', 'cancelled');
        return null;
      }
      const reason = failureText(error);
      if (row.first !== undefined) run.giveUp(row.first.name, reason);
      row.end('failure', reason);
      return null;
    }
  }
}
