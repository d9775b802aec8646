import { ApplicationFailure } from '@temporalio/activity';
import type { GateActivities, PipelineActivities } from '../../contracts/pipeline/activities.ts';
import { DomainError } from '../../contracts/problems.ts';
import { closePipelineGate, openPipelineGate } from '../../domain/gate/open-gate.ts';
import { finishRun, setRunPaused } from '../../domain/pipeline/finish-run.ts';
import { settleSteps } from '../../domain/pipeline/settle-steps.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import type { PipelineActivityDeps } from './deps.ts';
import { preparePipeline } from './prepare-pipeline.ts';
import { runStep } from './run-step.ts';

/** Codes whose cause a further attempt may find gone. Every other DomainError is final. */
const transient = new Set(['unavailable', 'sealed', 'timed_out', 'disk_full', 'rate_limited']);

/** Lets a DomainError reach the workflow as a failure of the same code; anything else stays as it is and is retried. */
function translating<A extends unknown[], R>(
  work: (...args: A) => Promise<R>,
): (...args: A) => Promise<R> {
  return async (...args) => {
    try {
      return await work(...args);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      throw ApplicationFailure.create({
        message: error.message,
        type: error.code,
        nonRetryable: !transient.has(error.code),
        cause: error,
      });
    }
  };
}

/** Activities over Postgres only: queue `core`. */
export function createPipelineRecords(
  db: PrismaClient,
): Pick<PipelineActivities, 'settleSteps' | 'setPaused' | 'finishPipeline'> & GateActivities {
  return {
    settleSteps: translating(({ pipelineId, steps }) => settleSteps(db, pipelineId, steps)),
    setPaused: translating(({ pipelineId, paused }) => setRunPaused(db, pipelineId, paused)),
    finishPipeline: translating((input) => finishRun(db, input)),
    openGate: translating((input) => openPipelineGate(db, input)),
    closeGate: translating((input) => closePipelineGate(db, input)),
  };
}

/** Activities that touch repositories and workspaces: queues `build` and that of the host. */
export function createBuildActivities(
  deps: PipelineActivityDeps,
): Pick<PipelineActivities, 'preparePipeline' | 'runStep' | 'removeWorkspace'> {
  return {
    preparePipeline: translating(preparePipeline(deps)),
    runStep: translating(runStep(deps)),
    removeWorkspace: translating(({ pipelineId }) => deps.workspaces.removeRun(pipelineId)),
  };
}
