import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import type { PipelinePlan } from '../../contracts/pipeline/types.ts';
import { wantPreview } from '../deploy/want-preview.ts';
import { insertEvent, wakeReaders } from '../event/insert-event.ts';
import type { Db } from '../shared/db.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { prepared } from '../shared/prepared.ts';

/**
 * Moves a run from pending to running and inserts its steps. Idempotent: a run that runs already answers true again.
 * @returns false when the run has ended, or was cancelled before it began
 */
export async function beginRun(
  db: PrismaClient,
  pipelineId: string,
  plan: PipelinePlan,
): Promise<boolean> {
  if (await moveToRunning(db, pipelineId, plan, { ofMergeRequest: false })) return true;
  return await inTransaction(db, async (tx) => {
    const moved = await moveToRunning(tx, pipelineId, plan, { ofMergeRequest: true });
    const run = await tx.pipeline.findUniqueOrThrow({ where: { id: pipelineId } });
    // What it means for the preview of its merge request holds if and when it has begun.
    if (moved) await wantPreview(tx, run, plan);
    return run.status === 'running';
  });
}

/**
 * One statement, because people wait for it: the run, its steps and the event.
 * @param ofMergeRequest only one of a merge request, or only one that is not
 */
async function moveToRunning(
  db: Db,
  pipelineId: string,
  plan: PipelinePlan,
  { ofMergeRequest }: { ofMergeRequest: boolean },
): Promise<boolean> {
  const steps = plan.steps.map((step) => ({
    ...{ id: newId('step'), name: step.name, image: step.image, kind: step.kind },
    ...{ commands: step.commands, needs: step.needs, reason: step.skipReason },
    status: step.skipReason === null ? 'pending' : 'skipped',
  }));
  const payload = { number: 0, steps: plan.steps.map((step) => step.name) };
  const moved = await db.$queryRaw<{ woken: string }[]>`
    ${prepared} WITH begun AS (
      UPDATE pipelines SET status = 'running', started_at = now(), definition = ${JSON.stringify(plan)}::jsonb
      WHERE id = ${pipelineId} AND status = 'pending' AND (trigger = 'mr') = ${ofMergeRequest}
      RETURNING id AS subject_id, project_id, change_id, 'Pipeline #' || number || ' started' AS message,
                jsonb_build_object('number', number) AS more
    ), steps AS (
      INSERT INTO pipeline_steps (id, pipeline_id, project_id, step_order, name, image, commands, needs, kind, status, reason)
      SELECT s.id, b.subject_id, b.project_id, s.at - 1, s.name, s.image, s.commands, s.needs, s.kind, s.status, s.reason
      FROM begun b, ROWS FROM (jsonb_to_recordset(${JSON.stringify(steps)}::jsonb) AS (id text, name text, image text,
        commands text[], needs text[], kind text, status text, reason text)) WITH ORDINALITY
        AS s(id, name, image, commands, needs, kind, status, reason, at)
    ), told AS (${insertEvent('begun', { type: 'pipeline.started', payload })})
    SELECT ${wakeReaders} AS woken FROM told`;
  return moved.length > 0;
}

/** The plan that a running pipeline was begun with, or null before that. */
export function planOf(definition: Prisma.JsonValue | null): PipelinePlan | null {
  return definition as PipelinePlan | null;
}
