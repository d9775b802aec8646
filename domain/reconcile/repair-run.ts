import type { PipelineStatus } from '../../contracts/pipeline/types.ts';
import type { Mismatch } from '../../contracts/reconcile/types.ts';
import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { publishEvent } from '../event/publish-event.ts';
import { voidGates } from '../gate/void-gates.ts';
import { finishRun } from '../pipeline/finish-run.ts';
import { inTransaction } from '../shared/tx.ts';

/**
 * Makes the database show what the engine says, with one `engine.state_repaired`. A run that waits for a workflow which
 * was never started is started by `start`.
 */
export async function repairMismatch(
  db: PrismaClient,
  mismatch: Mismatch,
  start: (pipelineId: string) => Promise<void>,
): Promise<void> {
  if (mismatch.kind === 'step') {
    await repairStep(db, mismatch);
    return;
  }
  const { pipelineId, dbStatus, engineStatus } = mismatch;
  if (dbStatus === 'pending' && engineStatus === 'missing') {
    await start(pipelineId);
    await inTransaction(db, (tx) => announce(tx, mismatch, 'its workflow was started again'));
    return;
  }
  await voidGates(db, { subjectType: 'pipeline', subjectId: pipelineId });
  const { status, error } = outcomeOf(mismatch);
  await finishRun(db, { pipelineId, status, error });
  await inTransaction(db, (tx) => announce(tx, mismatch, `it is shown as ${status} now`));
}

function outcomeOf({ dbStatus, engineStatus }: Mismatch): {
  status: PipelineStatus;
  error: string | null;
} {
  if (engineStatus === 'missing')
    return { status: 'failure', error: 'its workflow is gone from the engine' };
  if (engineStatus === 'failure')
    return { status: 'failure', error: 'its workflow has failed or was terminated' };
  // A run that never began cannot have passed.
  if (dbStatus === 'pending' && engineStatus === 'success')
    return { status: 'failure', error: 'its workflow ended before it began' };
  return { status: engineStatus as PipelineStatus, error: null };
}

async function repairStep(db: PrismaClient, mismatch: Mismatch): Promise<void> {
  const { stepId, dbStatus, engineStatus } = mismatch;
  if (stepId === null) return;
  await inTransaction(db, async (tx) => {
    const moved = await tx.pipelineStep.updateMany({
      where: { id: stepId, status: dbStatus },
      data: {
        status: engineStatus,
        finishedAt: new Date(),
        reason: 'as the engine has it',
        // Whoever still holds the attempt that the row was in may not write to it any more.
        attempt: { increment: 1 },
      },
    });
    if (moved.count > 0) await announce(tx, mismatch, `it is shown as ${engineStatus} now`);
  });
}

async function announce(
  tx: Prisma.TransactionClient,
  { kind, pipelineId, stepId, dbStatus, engineStatus }: Mismatch,
  what: string,
): Promise<void> {
  const run = await tx.pipeline.findUniqueOrThrow({ where: { id: pipelineId } });
  const step = stepId === null ? null : await tx.pipelineStep.findUnique({ where: { id: stepId } });
  const name = `Pipeline #${String(run.number)}${step === null ? '' : `, step ${step.name}`}`;
  await publishEvent(tx, {
    type: 'engine.state_repaired',
    projectId: run.projectId,
    changeId: run.changeId,
    subjectId: stepId ?? pipelineId,
    message: `${name} was ${dbStatus} here and ${engineStatus} in the engine: ${what}`,
    payload: { kind, pipelineId, stepId, step: step?.name ?? null, dbStatus, engineStatus },
  });
}
