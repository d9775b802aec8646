import type { Pipeline, Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { type PipelineStatus, pipelineTransitions } from '../../contracts/pipeline/types.ts';
import { statusesBefore } from '../../contracts/shared/statuses-before.ts';
import {
  declareDeployments,
  resolveDeploys,
  type ResolvedDeploy,
} from '../deploy/declare-deployments.ts';
import { insertEvent, wakeReaders } from '../event/insert-event.ts';
import { publishEvent } from '../event/publish-event.ts';
import { voidGatesOf } from '../gate/void-gates.ts';
import { storableText } from '../shared/storable-json.ts';
import { inTransaction } from '../shared/tx.ts';
import { prepared } from '../shared/prepared.ts';
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
  return await inTransaction(db, async (tx) => {
    const run = await lockRun(tx, input.pipelineId);
    // It is gone with its project: nothing is left to end, and its workflow ends.
    if (run === null) return { status: input.status };
    // Whoever cancelled it was told so: it ends as they asked, though its last step was done in the same moment.
    const asked = run.isCancelled
      ? { status: 'cancelled' as const, error: null }
      : { status: input.status, error: input.error };
    const { status, error, deploys } = await withDeploys(tx, run, asked);
    if (!statusesBefore(pipelineTransitions, status).includes(run.status)) {
      return { status: run.status };
    }
    await settleRest(tx, run.id, status, error);
    await moveToEnd(tx, run, { status, error });
    if (deploys.length > 0) await declareDeployments(tx, await wholeRun(tx, run.id), deploys);
    return { status };
  });
}

interface EndingRun {
  id: string;
  status: PipelineStatus;
  isCancelled: boolean;
  number: number;
  trigger: string;
  triggeredBy: string | null;
  gitRef: string;
  commitSha: string | null;
  startedAt: Date | null;
  /** its plan asks for deployments */
  deploys: boolean;
}

/** The run, which nobody else ends until the transaction is over. */
async function lockRun(
  tx: Prisma.TransactionClient,
  pipelineId: string,
): Promise<EndingRun | null> {
  const [run] = await tx.$queryRaw<EndingRun[]>`
    ${prepared} SELECT id, status, cancel_requested_at IS NOT NULL AS "isCancelled", number, trigger,
           triggered_by AS "triggeredBy", git_ref AS "gitRef", commit_sha AS "commitSha", started_at AS "startedAt",
           coalesce(jsonb_path_exists(definition, '$.deploy[0]'), false) AS deploys
    FROM pipelines WHERE id = ${pipelineId} FOR NO KEY UPDATE`;
  return run ?? null;
}

async function wholeRun(tx: Prisma.TransactionClient, id: string): Promise<Pipeline> {
  return await tx.pipeline.findUniqueOrThrow({ where: { id } });
}

/** Sets the status and publishes the event; the run is locked, so it does move. */
async function moveToEnd(
  tx: Prisma.TransactionClient,
  run: EndingRun,
  { status, error }: { status: PipelineStatus; error: string | null },
): Promise<void> {
  const { number, trigger, gitRef, commitSha, startedAt } = run;
  const durationMs = startedAt === null ? 0 : Date.now() - startedAt.getTime();
  const said = [status, ...notDeployed(status, error)].join('; ');
  const message = storableText(`Pipeline #${String(number)}: ${said}`);
  const payload = { number, status, trigger, gitRef, commitSha, durationMs };
  const told = { type: 'pipeline.completed', actorId: run.triggeredBy, payload } as const;
  // An error may quote a file of strangers: what ends a run must not be refused itself.
  await tx.$queryRaw`
    ${prepared} WITH ended AS (
      UPDATE pipelines SET status = ${status}, finished_at = now(), is_paused = false,
        error = coalesce(${error === null ? null : storableText(error)}, error)
      WHERE id = ${run.id}
      RETURNING id AS subject_id, project_id, change_id, ${message}::text AS message, '{}'::jsonb AS more
    ), told AS (${insertEvent('ended', told)})
    SELECT ${wakeReaders} AS woken FROM told`;
}

/** What a green run was not let do. */
function notDeployed(status: PipelineStatus, error: string | null): string[] {
  return status === 'success' && error !== null ? error.split('\n') : [];
}

interface Ending {
  status: PipelineStatus;
  error: string | null;
}

/** A run that cannot deliver what its file wants to deploy has not succeeded. */
async function withDeploys(
  tx: Prisma.TransactionClient,
  { id, deploys: wants, status: now }: EndingRun,
  { status, error }: Ending,
): Promise<Ending & { deploys: ResolvedDeploy[] }> {
  if (status !== 'success' || !wants || now !== 'running') return { status, error, deploys: [] };
  const run = await wholeRun(tx, id);
  const resolved = await resolveDeploys(tx, run, planOf(run.definition)?.deploy ?? []);
  if ('problem' in resolved) return { status: 'failure', error: resolved.problem, deploys: [] };
  // The run itself did all that it was asked: it stays green, and says what it may not do.
  const { deploys, refused } = resolved;
  return { status, error: refused.length === 0 ? error : refused.join('\n'), deploys };
}

/** Ends every gate and every step that has not ended by itself. */
async function settleRest(
  tx: Prisma.TransactionClient,
  pipelineId: string,
  status: PipelineStatus,
  error: string | null,
): Promise<void> {
  // Asked once the run is locked, so that nothing is opened any more.
  const [left] = await tx.$queryRaw<{ gates: boolean; steps: boolean }[]>`
    ${prepared} SELECT EXISTS (SELECT FROM gates
             WHERE subject_type = 'pipeline' AND subject_id = ${pipelineId} AND status = 'open') AS gates,
           EXISTS (SELECT FROM pipeline_steps
             WHERE pipeline_id = ${pipelineId} AND status IN ('running', 'pending', 'waiting')) AS steps`;
  if (left?.gates === true) {
    await voidGatesOf(tx, { subjectType: 'pipeline', subjectId: pipelineId }, 'the run has ended');
  }
  if (left?.steps !== true && left?.gates !== true) return;
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
