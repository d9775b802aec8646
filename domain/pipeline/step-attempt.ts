import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { StepResult, StepStatus } from '../../contracts/pipeline/types.ts';
import { publishEvent } from '../event/publish-event.ts';
import { inTransaction } from '../shared/tx.ts';

/** A lease on a step's row: writes are fenced by `attempt`. */
export interface StepAttempt {
  stepId: string;
  attempt: number;
}

export type BeganAttempt =
  { kind: 'run'; attempt: StepAttempt } | { kind: 'done'; result: StepResult };

/**
 * Takes the step for one more attempt. The attempt number is the fencing token: whoever held an older one can write nothing
 * any more. When this try ended before (its worker died between the record and the answer), gives that result instead.
 * @throws DomainError `illegal_transition` when the step has gone on without this caller
 */
export async function beginStepAttempt(
  db: PrismaClient,
  input: { pipelineId: string; step: string; tryNumber: number },
): Promise<BeganAttempt> {
  return await inTransaction(db, async (tx) => {
    const [row] = await tx.$queryRaw<{ id: string }[]>`
      SELECT id FROM pipeline_steps WHERE pipeline_id = ${input.pipelineId} AND name = ${input.step} FOR UPDATE`;
    if (row === undefined) throw new DomainError('not_found', `The run has no step ${input.step}.`);
    const step = await tx.pipelineStep.findUniqueOrThrow({
      where: { id: row.id },
      include: { pipeline: true },
    });
    const status = step.status as StepStatus;
    if (
      step.tries >= input.tryNumber &&
      (status === 'success' || status === 'failure' || status === 'cancelled')
    ) {
      return {
        kind: 'done',
        result: {
          status,
          exitCode: step.exitCode,
          reason: step.reason,
          durationMs: step.durationMs ?? 0,
        },
      };
    }
    if (
      step.tries > input.tryNumber ||
      status === 'skipped' ||
      step.pipeline.status !== 'running'
    ) {
      throw new DomainError(
        'illegal_transition',
        `Step ${input.step} is ${status}, its run ${step.pipeline.status}.`,
      );
    }
    const attempt = step.attempt + 1;
    await tx.pipelineStep.update({
      where: { id: step.id },
      data: {
        status: 'running',
        tries: input.tryNumber,
        attempt,
        startedAt: new Date(),
        finishedAt: null,
        exitCode: null,
        reason: null,
        durationMs: null,
      },
    });
    await publishEvent(tx, {
      type: 'step.started',
      projectId: step.projectId,
      changeId: step.pipeline.changeId,
      subjectId: step.id,
      message: `${step.name} started`,
      payload: { pipelineId: input.pipelineId, step: step.name, attempt, try: input.tryNumber },
    });
    return { kind: 'run', attempt: { stepId: step.id, attempt } };
  });
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
  await inTransaction(db, async (tx) => {
    const moved = await tx.pipelineStep.updateMany({
      where: { id: lease.stepId, attempt: lease.attempt, status: 'running' },
      data: {
        status: result.status,
        exitCode: result.exitCode,
        reason: result.reason,
        durationMs: result.durationMs,
        finishedAt: new Date(),
      },
    });
    if (moved.count === 0)
      throw new DomainError('illegal_transition', 'A newer attempt has taken this step.');
    await publishStepEnd(tx, lease.stepId);
    await tx.$executeRaw`SELECT pg_notify('slipway_log', ${lease.stepId})`;
  });
}

async function publishStepEnd(tx: Prisma.TransactionClient, stepId: string): Promise<void> {
  const step = await tx.pipelineStep.findUniqueOrThrow({
    where: { id: stepId },
    include: { pipeline: true },
  });
  await publishEvent(tx, {
    type: step.status === 'success' ? 'step.completed' : 'step.failed',
    projectId: step.projectId,
    changeId: step.pipeline.changeId,
    subjectId: step.id,
    message: `${step.name}: ${step.reason ?? step.status}`,
    payload: {
      pipelineId: step.pipelineId,
      step: step.name,
      status: step.status,
      attempt: step.attempt,
      exitCode: step.exitCode,
      durationMs: step.durationMs,
    },
  });
}
