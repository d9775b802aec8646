import { CancelledFailure } from '@temporalio/activity';
import { withLogFields } from '../../adapters/telemetry/log-context.ts';
import { inSpan } from '../../adapters/telemetry/spans.ts';
import {
  type RanSteps,
  type RunStepsInput,
  waitingBeat,
} from '../../contracts/pipeline/activities.ts';
import type { PipelineStatus, StepResult } from '../../contracts/pipeline/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import { finishRun } from '../../domain/pipeline/finish-run.ts';
import { type RunAtWork, readRun } from '../../domain/pipeline/read-run.ts';
import { waitingAtMost } from '../patience.ts';
import { withHeartbeat } from '../with-heartbeat.ts';
import type { PipelineActivityDeps } from './deps.ts';
import { withPatience } from './keep-record.ts';
import { type AttemptInput, attemptStep, type EndedAttempt } from './run-step.ts';
import { waitForPlace } from './step-place.ts';

/** Beats while it works. */
const beatMs = 1000;

/** Makes `runSteps`: see contracts/pipeline/activities.ts. */
export function runSteps(deps: PipelineActivityDeps) {
  return async ({ pipelineId, steps, tryNumber, isRest }: RunStepsInput): Promise<RanSteps> => {
    // Beats from the first moment: others, or the database, may make us wait before anything runs.
    const run = await withHeartbeat(beatMs, () => readRun(deps.db, pipelineId), waitingBeat);
    if (run === null) throw new DomainError('not_found', 'There is no such pipeline.');
    const row = new Row(deps, run);
    for (const [at, { name, ancestors }] of steps.entries()) {
      const tries = at === 0 ? tryNumber : 1;
      const input = { step: name, tryNumber: tries, ancestors, unlessHeld: at > 0 };
      if (!(await row.runNext(input))) break;
    }
    const results = await withHeartbeat(beatMs, () => row.whenLogsAreMoved());
    const isOver = isRest && results.length === steps.length && results.every(isSuccess);
    return { results, ended: isOver ? await withHeartbeat(beatMs, () => endRun(deps, run)) : null };
  };
}

const isSuccess = ({ status }: StepResult) => status === 'success';

/** Steps of a run that are run one after another. */
class Row {
  readonly #deps: PipelineActivityDeps;
  readonly #run: RunAtWork;
  readonly #ended: (EndedAttempt & { step: string })[] = [];

  constructor(deps: PipelineActivityDeps, run: RunAtWork) {
    this.#deps = deps;
    this.#run = run;
  }

  /**
   * Runs one more.
   * @returns whether the next may follow
   * @throws what keeps the first from being run
   */
  async runNext(input: AttemptInput): Promise<boolean> {
    try {
      const ended = await this.#attempt(input);
      if (ended === null) return false;
      // Whoever waits for it hears of a failure; until then it is nobody's.
      ended.logMoved.catch(() => undefined);
      this.#ended.push({ step: input.step, ...ended });
      return isSuccess(ended.result);
    } catch (error) {
      if (this.#ended.length === 0) throw error;
      this.#leave(input.step, error);
      return false;
    }
  }

  async #attempt(input: AttemptInput): Promise<EndedAttempt | null> {
    const release = await waitForPlace(this.#deps, this.#run.projectId);
    const attempt = () => attemptStep(this.#deps, this.#run, input);
    const beating = () =>
      withHeartbeat(beatMs, () => waitingAtMost(attempt, this.#deps.patience)).finally(release);
    return await asOne('runStep', { step: input.step }, beating);
  }

  /** The results, of all whose log lies where it is kept. */
  async whenLogsAreMoved(): Promise<RanSteps['results']> {
    const results: RanSteps['results'] = [];
    for (const { step, result, logMoved } of this.#ended) {
      try {
        await logMoved;
      } catch (error) {
        if (results.length === 0) throw error;
        this.#leave(step, error);
        return results;
      }
      results.push({ ...result, step });
    }
    return results;
  }

  /** What keeps a later step is left to be met again as the first of an activity of its own, which has all of its tries. */
  #leave(step: string, error: unknown): void {
    if (error instanceof CancelledFailure) return;
    const fields = { err: error, pipeline_id: this.#run.id, step };
    this.#deps.log.warn(fields, 'a step could not be run to its end, it is begun again');
  }
}

/** A part of the activity that is seen for itself in traces and in the log. */
function asOne<T>(
  name: string,
  fields: Record<string, string>,
  work: () => Promise<T>,
): Promise<T> {
  return withLogFields(fields, () =>
    inSpan('slipway.pipeline', name, { attributes: fields }, work),
  );
}

/** Ends a run whose steps are all done; null where that is left to others. */
async function endRun(
  { db, log, workspaces }: PipelineActivityDeps,
  { id: pipelineId }: RunAtWork,
): Promise<PipelineStatus | null> {
  const asked = { pipelineId, status: 'success', error: null } as const;
  try {
    const finish = () => withPatience(() => finishRun(db, asked));
    const { status } = await asOne('finishPipeline', {}, finish);
    await workspaces.removeRun(pipelineId).catch((error: unknown) => {
      // Swept by the host itself at its next start.
      log.warn({ err: error, pipeline_id: pipelineId }, 'a workspace could not be removed');
    });
    return status;
  } catch (error) {
    log.warn({ err: error, pipeline_id: pipelineId }, 'a run could not be ended with its steps');
    return null;
  }
}
