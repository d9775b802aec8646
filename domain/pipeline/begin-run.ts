import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import type { PipelinePlan } from '../../contracts/pipeline/types.ts';
import { wantPreview } from '../deploy/want-preview.ts';
import { publishEvent } from '../event/publish-event.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';

/**
 * Moves a run from pending to running and inserts its steps. Idempotent: a run that runs already answers true again.
 * @returns false when the run has ended, or was cancelled before it began
 */
export async function beginRun(
  db: PrismaClient,
  pipelineId: string,
  plan: PipelinePlan,
): Promise<boolean> {
  return await inTransaction(db, async (tx) => {
    const moved = await tx.pipeline.updateMany({
      where: { id: pipelineId, status: 'pending' },
      data: {
        status: 'running',
        startedAt: new Date(),
        definition: plan as unknown as Prisma.InputJsonValue,
      },
    });
    const run = await tx.pipeline.findUniqueOrThrow({ where: { id: pipelineId } });
    if (moved.count === 0) return run.status === 'running';
    await tx.pipelineStep.createMany({
      data: plan.steps.map((step, stepOrder) => ({
        id: newId('step'),
        pipelineId,
        projectId: run.projectId,
        stepOrder,
        name: step.name,
        image: step.image,
        commands: step.commands,
        needs: step.needs,
        kind: step.kind,
        status: step.skipReason === null ? 'pending' : 'skipped',
        reason: step.skipReason,
      })),
    });
    await wantPreview(tx, run, plan);
    await publishEvent(tx, {
      type: 'pipeline.started',
      projectId: run.projectId,
      changeId: run.changeId,
      subjectId: pipelineId,
      message: `Pipeline #${String(run.number)} started`,
      payload: { number: run.number, steps: plan.steps.map((step) => step.name) },
    });
    return true;
  });
}

/** The plan that a running pipeline was begun with, or null before that. */
export function planOf(definition: Prisma.JsonValue | null): PipelinePlan | null {
  return definition as PipelinePlan | null;
}
