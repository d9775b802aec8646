import type { Pipeline, Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import type { EventRecord } from '../../contracts/event/types.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { publishEvent } from '../event/publish-event.ts';
import { inTransaction } from '../shared/tx.ts';

/** What a person may ask of a run. It stands in the row; the workflow is woken through the outbox and reads it. */
export type RunCommand = 'cancel' | 'pause' | 'resume';

const past: Readonly<Record<RunCommand, string>> = {
  cancel: 'cancelled',
  pause: 'paused',
  resume: 'resumed',
};

/**
 * Asks a run to cancel, pause or resume: the request is stored in its row with an audit row, the run's own workflow carries it out.
 * A queued run can be cancelled as well. The caller's right to `pipeline:run` was checked by the route.
 * @throws DomainError `illegal_transition` when the run has ended, or is (not) paused already
 */
export async function requestRunCommand(
  db: PrismaClient,
  caller: Caller,
  input: { pipelineId: string; command: RunCommand; reason: string | null },
): Promise<void> {
  await inTransaction(db, async (tx) => {
    // Whoever ends the run waits for this, or this for them: what is asked counts, or is refused.
    await tx.$queryRaw`SELECT id FROM pipelines WHERE id = ${input.pipelineId} FOR NO KEY UPDATE`;
    const run = await tx.pipeline.findUnique({ where: { id: input.pipelineId } });
    if (run === null) throw new DomainError('not_found', 'There is no such pipeline.');
    if (run.status !== 'pending' && run.status !== 'running') {
      throw new DomainError(
        'illegal_transition',
        `Pipeline #${String(run.number)} has ended: ${run.status}.`,
      );
    }
    if (input.command === 'resume' && !run.pauseRequested) {
      throw new DomainError('illegal_transition', `Pipeline #${String(run.number)} is not paused.`);
    }
    if (input.command === 'pause' && run.pauseRequested) {
      throw new DomainError(
        'illegal_transition',
        `Pipeline #${String(run.number)} is paused already.`,
      );
    }
    await tx.pipeline.update({ where: { id: run.id }, data: asked(run, input) });
    await publishEvent(tx, {
      type: `pipeline.${input.command}_requested`,
      projectId: run.projectId,
      changeId: run.changeId,
      actorId: caller.principal.userId,
      subjectId: run.id,
      message: `${caller.principal.userName} asked to ${input.command} pipeline #${String(run.number)}`,
      payload: { reason: input.reason, isInRow: true },
      traceparent: caller.request.traceparent,
    });
    await writeAudit(tx, caller, {
      action: `pipeline.${past[input.command]}`,
      resource: 'pipeline',
      resourceId: run.id,
      projectId: run.projectId,
      detail: { number: run.number, reason: input.reason },
    });
  });
}

/**
 * Writes into the row what an API of before asked by event alone: while processes are replaced one after the other it may
 * still serve. A run that has ended takes nothing.
 */
export async function noteRequestOfBefore(
  db: PrismaClient,
  event: Pick<EventRecord, 'subjectId' | 'payload'>,
  command: RunCommand,
): Promise<void> {
  const { isInRow, reason } = event.payload;
  if (isInRow === true || event.subjectId === null) return;
  const open = { id: event.subjectId, status: { in: ['pending', 'running'] } };
  if (command === 'cancel') {
    const cancelReason = typeof reason === 'string' ? reason : null;
    const data = { cancelRequestedAt: new Date(), cancelReason };
    await db.pipeline.updateMany({ where: { ...open, cancelRequestedAt: null }, data });
    return;
  }
  await db.pipeline.updateMany({ where: open, data: { pauseRequested: command === 'pause' } });
}

function asked(
  { cancelRequestedAt }: Pipeline,
  { command, reason }: { command: RunCommand; reason: string | null },
): Prisma.PipelineUpdateInput {
  if (command !== 'cancel') return { pauseRequested: command === 'pause' };
  // Asked twice it is cancelled once, as it was asked first.
  return cancelRequestedAt === null ? { cancelRequestedAt: new Date(), cancelReason: reason } : {};
}
