import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { type PipelineStatus, pipelineTransitions } from '../../contracts/pipeline/types.ts';
import { statusesBefore } from '../../contracts/shared/statuses-before.ts';
import {
  declareDeployments,
  resolveDeploys,
  type ResolvedDeploy,
} from '../deploy/declare-deployments.ts';
import { publishEvent } from '../event/publish-event.ts';
import { voidGatesOf } from '../gate/void-gates.ts';
import { storableText } from '../shared/storable-json.ts';
import { inTransaction } from '../shared/tx.ts';
import { planOf } from './begin-run.ts';
import { settleStepIn } from './settle-steps.ts';

/**
 * Ends a run: what has not run is settled, the status set and `pipeline.completed` published, all in one transaction and
 * once: a run that has ended keeps its status.
 */
export async function finishRun(
  db: PrismaClient,
  input: { pipelineId: string; status: PipelineStatus; error: string | null },
): Promise<{ status: PipelineStatus }> {
  const { pipelineId } = input;
  return await inTransaction(db, async (tx) => {
    const ending = await unlessCancelled(tx, input);
    if (ending === null) return { status: input.status };
    const { status, error, deploys } = await withDeploys(tx, ending);
    const moved = await tx.pipeline.updateMany({
      where: { id: pipelineId, status: { in: statusesBefore(pipelineTransitions, status) } },
      data: {
        status,
        finishedAt: new Date(),
        isPaused: false,
        // It may quote a file of strangers: what ends a run must not be refused itself.
        ...(error === null ? {} : { error: storableText(error) }),
      },
    });
    const run = await tx.pipeline.findUniqueOrThrow({ where: { id: pipelineId } });
    if (moved.count === 0) return { status: run.status as PipelineStatus };
    await voidGatesOf(tx, { subjectType: 'pipeline', subjectId: pipelineId }, 'the run has ended');
    await settleRest(tx, pipelineId, status, error);
    await publishEvent(tx, {
      type: 'pipeline.completed',
      projectId: run.projectId,
      changeId: run.changeId,
      actorId: run.triggeredBy,
      subjectId: pipelineId,
      message: `Pipeline #${String(run.number)}: ${[status, ...notDeployed(status, error)].join('; ')}`,
      payload: {
        number: run.number,
        status,
        gitRef: run.gitRef,
        commitSha: run.commitSha,
        durationMs: run.startedAt === null ? 0 : Date.now() - run.startedAt.getTime(),
      },
    });
    await declareDeployments(tx, run, deploys);
    return { status };
  });
}

/**
 * Whoever cancelled it was told so: it ends as they asked, though its last step was done in the same moment.
 * @returns null when the run is gone with its project: nothing is left to end, and its workflow ends
 */
async function unlessCancelled(
  tx: Prisma.TransactionClient,
  input: { pipelineId: string; status: PipelineStatus; error: string | null },
): Promise<typeof input | null> {
  await tx.$queryRaw`SELECT id FROM pipelines WHERE id = ${input.pipelineId} FOR NO KEY UPDATE`;
  const run = await tx.pipeline.findUnique({ where: { id: input.pipelineId } });
  if (run === null) return null;
  return run.cancelRequestedAt === null ? input : { ...input, status: 'cancelled', error: null };
}

/** What a green run was not let do. */
function notDeployed(status: PipelineStatus, error: string | null): string[] {
  return status === 'success' && error !== null ? error.split('\n') : [];
}

/** A run that cannot deliver what its file wants to deploy has not succeeded. */
async function withDeploys(
  tx: Prisma.TransactionClient,
  input: { pipelineId: string; status: PipelineStatus; error: string | null },
): Promise<{ status: PipelineStatus; error: string | null; deploys: ResolvedDeploy[] }> {
  const { pipelineId, status, error } = input;
  if (status !== 'success') return { status, error, deploys: [] };
  const run = await tx.pipeline.findUniqueOrThrow({ where: { id: pipelineId } });
  const plans = planOf(run.definition)?.deploy ?? [];
  if (plans.length === 0 || run.status !== 'running') return { status, error, deploys: [] };
  const resolved = await resolveDeploys(tx, run, plans);
  if ('problem' in resolved) return { status: 'failure', error: resolved.problem, deploys: [] };
  // The run itself did all that it was asked: it stays green, and says what it may not do.
  const { deploys, refused } = resolved;
  return { status, error: refused.length === 0 ? error : refused.join('\n'), deploys };
}

/** Ends every step that has not ended by itself. */
async function settleRest(
  tx: Prisma.TransactionClient,
  pipelineId: string,
  status: PipelineStatus,
  error: string | null,
): Promise<void> {
  // A running step here has lost its activity for good (cancelled before it answered, or out of attempts).
  await tx.pipelineStep.updateMany({
    where: { pipelineId, status: 'running' },
    data: {
      status: status === 'cancelled' ? 'cancelled' : 'failure',
      finishedAt: new Date(),
      attempt: { increment: 1 },
      ...(status === 'failure' && error !== null ? { reason: storableText(error) } : {}),
    },
  });
  const open = await tx.pipelineStep.findMany({
    where: { pipelineId, status: { in: ['pending', 'waiting'] } },
  });
  for (const step of open) {
    await settleStepIn(
      tx,
      pipelineId,
      status === 'cancelled'
        ? { name: step.name, status: 'cancelled', reason: 'the run was cancelled' }
        : { name: step.name, status: 'skipped', reason: 'an earlier step did not succeed' },
    );
  }
}

/** Shows the run as paused or not, with its event. Nothing happens to a run that has ended or is in that state. */
export async function setRunPaused(
  db: PrismaClient,
  pipelineId: string,
  paused: boolean,
): Promise<void> {
  await inTransaction(db, async (tx) => {
    const moved = await tx.pipeline.updateMany({
      where: { id: pipelineId, status: { in: ['pending', 'running'] }, isPaused: !paused },
      data: { isPaused: paused },
    });
    if (moved.count === 0) return;
    const run = await tx.pipeline.findUniqueOrThrow({ where: { id: pipelineId } });
    await publishEvent(tx, {
      type: paused ? 'pipeline.paused' : 'pipeline.resumed',
      projectId: run.projectId,
      changeId: run.changeId,
      subjectId: pipelineId,
      message: `Pipeline #${String(run.number)} ${paused ? 'paused' : 'goes on'}`,
      payload: { number: run.number },
    });
  });
}

/** What people ask of a run. One whose row is gone has nobody left who waits for it. */
export async function readRunRequests(
  db: PrismaClient,
  pipelineId: string,
): Promise<{ isCancelled: boolean; isPaused: boolean }> {
  const run = await db.pipeline.findUnique({ where: { id: pipelineId } });
  if (run === null) return { isCancelled: true, isPaused: false };
  return { isCancelled: run.cancelRequestedAt !== null, isPaused: run.pauseRequested };
}
