import type { EndedSteps } from '../../contracts/pipeline/activities.ts';
import type { StepResult } from '../../contracts/pipeline/types.ts';
import type { Db } from '../shared/db.ts';

const ended: ReadonlySet<string> = new Set<StepResult['status']>([
  'success',
  'failure',
  'cancelled',
]);

/**
 * How far a row of steps has come, by their rows: for whoever lost the worker that ran them.
 * @param tryNumber of the first of them; the others were tried once at most
 */
export async function readEndedSteps(
  db: Db,
  { pipelineId, steps, tryNumber }: { pipelineId: string; steps: string[]; tryNumber: number },
): Promise<EndedSteps> {
  const rows = await db.pipelineStep.findMany({ where: { pipelineId, name: { in: steps } } });
  const found: EndedSteps['ended'] = [];
  for (const [at, name] of steps.entries()) {
    const row = rows.find((one) => one.name === name);
    const isEnded = ended.has(row?.status ?? '') && (at > 0 || (row?.tries ?? 0) >= tryNumber);
    if (row === undefined || !isEnded) {
      return { ended: found, atWork: row?.status === 'running' ? name : null };
    }
    const status = row.status as StepResult['status'];
    const { exitCode, reason, durationMs } = row;
    found.push({ step: name, status, exitCode, reason, durationMs: durationMs ?? 0 });
    if (status !== 'success') break;
  }
  return { ended: found, atWork: null };
}
