import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { StepResult, StepStatus } from '../../contracts/pipeline/types.ts';
import { publishEvent } from '../event/publish-event.ts';
import { storableText } from '../shared/storable-json.ts';
import { inTransaction } from '../shared/tx.ts';

/** A lease on a step's row: writes are fenced by `attempt`. */
export interface StepAttempt {
  stepId: string;
  attempt: number;
}

export type BeganAttempt =
  { kind: 'run'; attempt: StepAttempt } | { kind: 'done'; result: StepResult };

interface AttemptInput {
  pipelineId: string;
  step: string;
  tryNumber: number;
}

interface TakenStep {
  id: string;
  attempt: number;
  projectId: string;
  changeId: string;
}

/**
 * Takes the step for one more attempt. The attempt number is the fencing token: whoever held an older one can write nothing
 * any more. When this try ended before (its worker died between the record and the answer), gives that result instead.
 * @throws DomainError `illegal_transition` when the step has gone on without this caller
 */
export async function beginStepAttempt(
  db: PrismaClient,
  input: AttemptInput,
): Promise<BeganAttempt> {
  return await inTransaction(db, async (tx) => {
    const taken = await takeStep(tx, input);
    if (taken === undefined) return { kind: 'done', result: await endedTry(tx, input) };
    await publishEvent(tx, {
      type: 'step.started',
      projectId: taken.projectId,
      changeId: taken.changeId,
      subjectId: taken.id,
      message: `${input.step} started`,
      payload: {
        pipelineId: input.pipelineId,
        step: input.step,
        attempt: taken.attempt,
        try: input.tryNumber,
      },
    });
    return { kind: 'run', attempt: { stepId: taken.id, attempt: taken.attempt } };
  });
}

/** One statement, because it stands before every step: nothing is taken of a try that ended or was overtaken. */
async function takeStep(
  tx: Prisma.TransactionClient,
  { pipelineId, step, tryNumber }: AttemptInput,
): Promise<TakenStep | undefined> {
  const [taken] = await tx.$queryRaw<TakenStep[]>`
    UPDATE pipeline_steps s
    SET status = 'running', tries = ${tryNumber}::int, attempt = s.attempt + 1, started_at = now(),
        finished_at = NULL, exit_code = NULL, reason = NULL, duration_ms = NULL
    FROM pipelines p
    WHERE s.pipeline_id = ${pipelineId} AND s.name = ${step} AND p.id = s.pipeline_id AND p.status = 'running'
      AND ((s.status IN ('pending', 'running') AND s.tries <= ${tryNumber}::int)
        OR (s.status = 'failure' AND s.tries < ${tryNumber}::int))
    RETURNING s.id, s.attempt, s.project_id AS "projectId", p.change_id AS "changeId"`;
  return taken;
}

async function endedTry(tx: Prisma.TransactionClient, input: AttemptInput): Promise<StepResult> {
  const step = await tx.pipelineStep.findUnique({
    where: { pipelineId_name: { pipelineId: input.pipelineId, name: input.step } },
    include: { pipeline: { select: { status: true } } },
  });
  if (step === null) throw new DomainError('not_found', `The run has no step ${input.step}.`);
  const status = step.status as StepStatus;
  const ended = status === 'success' || status === 'failure' || status === 'cancelled';
  if (ended && step.tries >= input.tryNumber) {
    const { exitCode, reason, durationMs } = step;
    return { status, exitCode, reason, durationMs: durationMs ?? 0 };
  }
  throw new DomainError(
    'illegal_transition',
    `Step ${input.step} is ${status}, its run ${step.pipeline.status}.`,
  );
}

interface EndedStep {
  pipelineId: string;
  projectId: string;
  changeId: string;
  name: string;
}

/**
 * Records the end of an attempt, and its event, exactly once.
 * @throws DomainError `illegal_transition` when a newer attempt has taken the step: this result counts for nothing
 */
export async function finishStepAttempt(
  db: PrismaClient,
  lease: StepAttempt,
  result: StepResult,
): Promise<void> {
  const { status, exitCode, durationMs } = result;
  const reason = result.reason === null ? null : storableText(result.reason);
  await inTransaction(db, async (tx) => {
    const [step] = await tx.$queryRaw<EndedStep[]>`
      WITH ended AS (
        UPDATE pipeline_steps s
        SET status = ${status}, exit_code = ${exitCode}::int, reason = ${reason}, duration_ms = ${durationMs}::int,
            finished_at = now()
        FROM pipelines p
        WHERE s.id = ${lease.stepId} AND s.attempt = ${lease.attempt}::int AND s.status = 'running'
          AND p.id = s.pipeline_id
        RETURNING s.id, s.pipeline_id, s.project_id, p.change_id, s.name
      )
      SELECT pipeline_id AS "pipelineId", project_id AS "projectId", change_id AS "changeId", name,
             pg_notify('slipway_log', id)::text AS told FROM ended`;
    if (step === undefined) {
      throw new DomainError('illegal_transition', 'A newer attempt has taken this step.');
    }
    await publishEvent(tx, {
      type: status === 'success' ? 'step.completed' : 'step.failed',
      projectId: step.projectId,
      changeId: step.changeId,
      subjectId: lease.stepId,
      message: `${step.name}: ${reason ?? status}`,
      payload: {
        pipelineId: step.pipelineId,
        step: step.name,
        status,
        attempt: lease.attempt,
        exitCode,
        durationMs,
      },
    });
  });
}
