import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import type { SettledStep } from '../../contracts/pipeline/activities.ts';
import { stepTransitions } from '../../contracts/pipeline/types.ts';
import { statusesBefore } from '../../contracts/shared/statuses-before.ts';
import { publishEvent } from '../event/publish-event.ts';
import { storableText } from '../shared/storable-json.ts';
import { inTransaction } from '../shared/tx.ts';

/** Marks steps that will not run. Steps that have moved on meanwhile are left alone, so a repeated call changes nothing. */
export async function settleSteps(
  db: PrismaClient,
  pipelineId: string,
  steps: readonly SettledStep[],
): Promise<void> {
  await inTransaction(db, async (tx) => {
    for (const step of steps) await settleStepIn(tx, pipelineId, step);
  });
}

/** The same for one step, within a transaction that writes more. */
export async function settleStepIn(
  tx: Prisma.TransactionClient,
  pipelineId: string,
  settled: SettledStep,
): Promise<void> {
  // A running step is its attempt's to end.
  const open = statusesBefore(stepTransitions, settled.status).filter((at) => at !== 'running');
  const moved = await tx.pipelineStep.updateMany({
    where: { pipelineId, name: settled.name, status: { in: open } },
    data: { status: settled.status, reason: storableText(settled.reason), finishedAt: new Date() },
  });
  if (moved.count === 0) return;
  const step = await tx.pipelineStep.findUniqueOrThrow({
    where: { pipelineId_name: { pipelineId, name: settled.name } },
    include: { pipeline: true },
  });
  await publishEvent(tx, {
    type: 'step.skipped',
    projectId: step.projectId,
    changeId: step.pipeline.changeId,
    subjectId: step.id,
    message: `${step.name}: ${settled.reason}`,
    payload: { pipelineId, step: step.name, status: settled.status, reason: settled.reason },
  });
  await tx.$executeRaw`SELECT pg_notify('slipway_log', ${step.id})`;
}
