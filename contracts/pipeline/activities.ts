import type { PipelinePlan, PipelineStatus, StepResult } from './types.ts';

/** What a run needs to know before its first step. */
export interface PreparedRun {
  plan: PipelinePlan;
  /** queue of the host where the workspace lies; every step runs there */
  hostQueue: string;
  /** commands of it that the host runs at once, so that others find a free place; runs of before have none: all */
  share?: number;
}

export interface SettledStep {
  name: string;
  status: 'skipped' | 'cancelled';
  reason: string;
}

/** What `runStep` tells by its beats while it waits for a place: a worker that is lost then was not killed by the step. */
export const waitingBeat = 'waits for a place';

/** Steps of a run that follow one another, to be run by one activity. */
export interface RunStepsInput {
  pipelineId: string;
  /** in order; of each all steps that it builds on, in order */
  steps: { name: string; ancestors: string[] }[];
  /** counts tries of the first by its own `retries`, from 1; the others are tried for the first time */
  tryNumber: number;
  /** the run is over when all of them have succeeded: it is ended, and its workspace removed */
  isRest: boolean;
}

export interface RanSteps {
  /** of those that were run, in order; only the last may have failed */
  results: (StepResult & { step: string })[];
  /** how the run ended with them; null: it did not */
  ended: PipelineStatus | null;
}

/** How far steps in a row have come. */
export interface EndedSteps {
  /** of those that have ended, in order; only the last may have failed */
  ended: RanSteps['results'];
  /** the next of them, if it was at work; null: nothing was */
  atWork: string | null;
}

/** Effects of a pipeline run. Each is idempotent by its input: a repeated call finds its own traces and answers the same. */
export interface PipelineActivities {
  /**
   * Reads and plans the definition at the run's commit, inserts the steps, sets the run to running, lays the workspace.
   * null: the run has ended already (its definition was bad, or it was cancelled before it began).
   */
  preparePipeline(input: { pipelineId: string }): Promise<PreparedRun | null>;
  /**
   * Runs steps to their ends, one after another, each when a place is free, up to the first that does not succeed. Before
   * a later one it ends, too, where somebody asks for the run to stop or to wait, and where that one cannot be run.
   */
  runSteps(input: RunStepsInput): Promise<RanSteps>;
  /** The same of one step, for runs of before. `tryNumber` counts tries by the step's own `retries`, from 1. */
  runStep(input: {
    pipelineId: string;
    step: string;
    tryNumber: number;
    /** all steps that this one builds on, in order */
    ancestors: string[];
  }): Promise<StepResult>;
  /** Removes the run's workspace from its host. */
  removeWorkspace(input: { pipelineId: string }): Promise<void>;
  /** Steps that will not run. */
  settleSteps(input: { pipelineId: string; steps: SettledStep[] }): Promise<void>;
  /** What people ask of the run, as its row has it. One that is gone is cancelled. */
  readRunRequests(input: {
    pipelineId: string;
  }): Promise<{ isCancelled: boolean; isPaused: boolean }>;
  /** What the rows say of steps whose worker was lost. */
  readEndedSteps(input: {
    pipelineId: string;
    steps: string[];
    tryNumber: number;
  }): Promise<EndedSteps>;
  setPaused(input: { pipelineId: string; paused: boolean }): Promise<void>;
  /**
   * Ends the run: unfinished steps are settled, the status is set, `pipeline.completed` is published once. One that somebody
   * has cancelled ends so, however it went.
   */
  finishPipeline(input: {
    pipelineId: string;
    status: PipelineStatus;
    error: string | null;
  }): Promise<{ status: PipelineStatus }>;
}
