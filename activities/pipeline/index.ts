import type { GateActivities } from '../../contracts/gate/activities.ts';
import type { PipelineActivities } from '../../contracts/pipeline/activities.ts';
import { DomainError } from '../../contracts/problems.ts';
import { openDeploymentGate } from '../../domain/deploy/open-deployment-gate.ts';
import { openPipelineGate } from '../../domain/gate/open-gate.ts';
import { settleGate } from '../../domain/gate/settle-gate.ts';
import { finishRun, readRunRequests, setRunPaused } from '../../domain/pipeline/finish-run.ts';
import { readEndedSteps } from '../../domain/pipeline/read-ended-steps.ts';
import { settleSteps } from '../../domain/pipeline/settle-steps.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { translating } from '../translating.ts';
import type { PipelineActivityDeps } from './deps.ts';
import { preparePipeline } from './prepare-pipeline.ts';
import { runSteps } from './run-steps.ts';

/** Activities over Postgres only: queue `core`. */
export function createPipelineRecords(
  db: PrismaClient,
): Pick<
  PipelineActivities,
  'settleSteps' | 'readRunRequests' | 'readEndedSteps' | 'setPaused' | 'finishPipeline'
> &
  GateActivities {
  return {
    readEndedSteps: translating((input) => readEndedSteps(db, input)),
    readRunRequests: translating(({ pipelineId }) => readRunRequests(db, pipelineId)),
    settleSteps: translating(({ pipelineId, steps }) => settleSteps(db, pipelineId, steps)),
    setPaused: translating(({ pipelineId, paused }) => setRunPaused(db, pipelineId, paused)),
    finishPipeline: translating((input) => finishRun(db, input)),
    openGate: translating((input) =>
      'syncId' in input ? openDeploymentGate(db, input) : openPipelineGate(db, input),
    ),
    settleGate: translating(({ gateId }) => settleGate(db, { gateId })),
    closeGate: translating(({ gateId, status }) => settleGate(db, { gateId, requested: status })),
  };
}

/** Activities that touch repositories and workspaces: queues `build` and that of the host. */
export function createBuildActivities(
  deps: PipelineActivityDeps,
): Pick<PipelineActivities, 'preparePipeline' | 'runStep' | 'runSteps' | 'removeWorkspace'> {
  const inARow = runSteps(deps);
  return {
    preparePipeline: translating(preparePipeline(deps), deps.patience),
    runSteps: translating(inARow, deps.patience),
    // Runs of before ask for each step by itself.
    runStep: translating(async ({ pipelineId, step: name, tryNumber, ancestors }) => {
      const steps = [{ name, ancestors }];
      const { results } = await inARow({ pipelineId, steps, tryNumber, isRest: false });
      const [result] = results;
      if (result === undefined) throw new DomainError('internal', 'A step has no result.');
      return result;
    }, deps.patience),
    removeWorkspace: translating(({ pipelineId }) => deps.workspaces.removeRun(pipelineId)),
  };
}
