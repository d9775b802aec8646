import type { Log } from '../../contracts/log.ts';
import type { EngineRun, Mismatch, ReconcileActivities } from '../../contracts/reconcile/types.ts';
import { compareRun, isSameMismatch } from '../../domain/reconcile/compare-run.ts';
import { findUnfinishedRun, findUnfinishedRuns } from '../../domain/reconcile/find-unfinished.ts';
import { repairMismatch } from '../../domain/reconcile/repair-run.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { createDeploymentReconcile, type DeploymentReconcileDeps } from './deployments.ts';
import { type CommandRetryDeps, retryCommands } from './retry-commands.ts';

export interface ReconcileDeps extends DeploymentReconcileDeps, CommandRetryDeps {
  db: PrismaClient;
  log: Pick<Log, 'warn'>;
  /** what the engine knows of a run */
  describeRun: (pipelineId: string) => Promise<EngineRun>;
  /** starts the workflow of a run that has none */
  startRun: (pipelineId: string) => Promise<void>;
}

const BATCH = 50;

/** Activities of the reconciler, on queue `core`. */
export function createReconcileActivities(deps: ReconcileDeps): ReconcileActivities {
  const { db, log, startRun } = deps;
  /** One run that cannot be asked for says nothing of the others. */
  const describe = async (pipelineId: string): Promise<EngineRun> => {
    try {
      return await deps.describeRun(pipelineId);
    } catch (error) {
      log.warn({ pipeline_id: pipelineId, err: error }, 'the engine did not tell of a run');
      return { state: 'unknown' };
    }
  };
  const isStill = async (mismatch: Mismatch) => {
    const run = await findUnfinishedRun(db, mismatch.pipelineId);
    if (run === null) return false;
    const now = compareRun(run, await describe(run.id), new Date());
    return now.some((one) => isSameMismatch(one, mismatch));
  };
  const repair = async (mismatch: Mismatch): Promise<boolean> => {
    try {
      if (!(await isStill(mismatch))) return false;
      tell(log, mismatch);
      await repairMismatch(db, mismatch, startRun);
      return true;
    } catch (error) {
      log.warn({ pipeline_id: mismatch.pipelineId, err: error }, 'a run could not be repaired');
      return false;
    }
  };
  return {
    ...createDeploymentReconcile(deps),
    retryCommands: retryCommands(deps),
    async findMismatches({ after }) {
      const runs = await findUnfinishedRuns(db, after, BATCH);
      const mismatches: Mismatch[] = [];
      for (const run of runs)
        mismatches.push(...compareRun(run, await describe(run.id), new Date()));
      const next = runs.length === BATCH ? (runs.at(-1)?.id ?? null) : null;
      return { checked: runs.length, mismatches, next };
    },
    async repairMismatches({ mismatches }) {
      let repaired = 0;
      for (const mismatch of mismatches) if (await repair(mismatch)) repaired += 1;
      return { repaired };
    },
  };
}

/** One line for each; `wm_status` is seed 000's name for the engine's. */
function tell(
  log: Pick<Log, 'warn'>,
  { pipelineId, stepId, dbStatus, engineStatus }: Mismatch,
): void {
  log.warn(
    {
      pipeline_id: pipelineId,
      step_id: stepId,
      db_status: dbStatus,
      engine_status: engineStatus,
      wm_status: engineStatus,
    },
    'state_mismatch',
  );
}
