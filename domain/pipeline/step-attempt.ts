import type { PrismaClient } from '../../prisma/generated/client.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { StepResult, StepStatus } from '../../contracts/pipeline/types.ts';
import { insertEvent, wakeReaders } from '../event/insert-event.ts';
import type { Db } from '../shared/db.ts';
import { storableText } from '../shared/storable-json.ts';
import { prepared } from '../shared/prepared.ts';
import { isLineEnd, logChannel } from './log-chunks.ts';

/** A lease on a step's row: writes are fenced by `attempt`. */
export interface StepAttempt {
  stepId: string;
  attempt: number;
}

/** A step that was taken, and what its commands are run with as it is at that moment. */
export interface TakenStep extends StepAttempt {
  /** where its log ends */
  log: { bytes: bigint; endsLine: boolean };
  project: {
    fullName: string;
    repoPath: string | null;
    /** lines of what steps may reach, see step-egress.ts */
    egressAllow: unknown;
  };
}

export type BeganAttempt =
  | { kind: 'run'; attempt: TakenStep }
  | { kind: 'done'; result: StepResult }
  /** somebody asks for the run to stop or to wait: nothing of it begins */
  | { kind: 'held' };

interface AttemptInput {
  pipelineId: string;
  step: string;
  tryNumber: number;
  /** only where nobody has asked for the run to stop or to wait; otherwise whoever calls has seen to that */
  unlessHeld?: boolean;
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
  const taken = await takeStep(db, input);
  return taken === undefined ? await endedTry(db, input) : { kind: 'run', attempt: taken };
}

interface TakenRow extends StepAttempt {
  bytes: bigint;
  last: number | null;
  fullName: string;
  repoPath: string | null;
  egressAllow: unknown;
}

/** One statement with its event, because it stands before every step: nothing is taken of a try that ended or was overtaken. */
async function takeStep(
  db: Db,
  { pipelineId, step, tryNumber, unlessHeld = false }: AttemptInput,
): Promise<TakenStep | undefined> {
  const payload = { pipelineId, step, attempt: 0, try: tryNumber };
  const [row] = await db.$queryRaw<TakenRow[]>`
    ${prepared} WITH taken AS (
      UPDATE pipeline_steps s
      SET status = 'running', tries = ${tryNumber}::int, attempt = s.attempt + 1, started_at = now(),
          finished_at = NULL, exit_code = NULL, reason = NULL, duration_ms = NULL
      FROM pipelines p JOIN projects j ON j.id = p.project_id JOIN users o ON o.id = j.owner_id
      WHERE s.pipeline_id = ${pipelineId} AND s.name = ${step} AND p.id = s.pipeline_id AND p.status = 'running'
        AND ((s.status IN ('pending', 'running') AND s.tries <= ${tryNumber}::int)
          OR (s.status = 'failure' AND s.tries < ${tryNumber}::int))
        AND NOT (${unlessHeld} AND (p.pause_requested OR p.cancel_requested_at IS NOT NULL))
      RETURNING s.id AS subject_id, s.project_id, p.change_id, s.name || ' started' AS message,
                jsonb_build_object('attempt', s.attempt) AS more,
                s.attempt, s.log_bytes, o.name || '/' || j.name AS full_name, j.repo_path, j.egress_allow
    ), told AS (${insertEvent('taken', { type: 'step.started', payload })})
    SELECT t.subject_id AS "stepId", t.attempt, t.log_bytes AS bytes, t.full_name AS "fullName",
           t.repo_path AS "repoPath", t.egress_allow AS "egressAllow",
           (SELECT get_byte(c.data, octet_length(c.data) - 1) FROM log_chunks c
             WHERE c.step_id = t.subject_id ORDER BY c."offset" DESC LIMIT 1) AS last,
           ${wakeReaders} AS woken
    FROM taken t, told`;
  if (row === undefined) return undefined;
  const { stepId, attempt, bytes, last, fullName, repoPath, egressAllow } = row;
  const log = { bytes, endsLine: isLineEnd(last) };
  return { stepId, attempt, log, project: { fullName, repoPath, egressAllow } };
}

async function endedTry(db: Db, input: AttemptInput): Promise<BeganAttempt> {
  const step = await db.pipelineStep.findUnique({
    where: { pipelineId_name: { pipelineId: input.pipelineId, name: input.step } },
    include: {
      pipeline: { select: { status: true, pauseRequested: true, cancelRequestedAt: true } },
    },
  });
  if (step === null) throw new DomainError('not_found', `The run has no step ${input.step}.`);
  const status = step.status as StepStatus;
  const ended = status === 'success' || status === 'failure' || status === 'cancelled';
  if (ended && step.tries >= input.tryNumber) {
    const { exitCode, reason, durationMs } = step;
    return { kind: 'done', result: { status, exitCode, reason, durationMs: durationMs ?? 0 } };
  }
  const { pauseRequested, cancelRequestedAt } = step.pipeline;
  if (input.unlessHeld === true && (pauseRequested || cancelRequestedAt !== null))
    return { kind: 'held' };
  throw new DomainError(
    'illegal_transition',
    `Step ${input.step} is ${status}, its run ${step.pipeline.status}.`,
  );
}

/**
 * Records the end of an attempt, and its event, exactly once.
 * @throws DomainError `illegal_transition` when a newer attempt has taken the step: this result counts for nothing
 */
export async function finishStepAttempt(
  db: Db,
  { stepId, attempt }: StepAttempt,
  { status, exitCode, durationMs, reason: why }: StepResult,
): Promise<void> {
  const reason = why === null ? null : storableText(why);
  const type = status === 'success' ? 'step.completed' : 'step.failed';
  // The two ids, which the event has to have, come of the row.
  const payload = { pipelineId: '-', step: '-', status, attempt, exitCode, durationMs };
  const ended = await db.$queryRaw<{ told: string }[]>`
    ${prepared} WITH ended AS (
      UPDATE pipeline_steps s
      SET status = ${status}, exit_code = ${exitCode}::int, reason = ${reason}, duration_ms = ${durationMs}::int,
          finished_at = now()
      FROM pipelines p
      WHERE s.id = ${stepId} AND s.attempt = ${attempt}::int AND s.status = 'running' AND p.id = s.pipeline_id
      RETURNING s.id AS subject_id, s.project_id, p.change_id, s.name || ': ' || ${reason ?? status}::text AS message,
                jsonb_build_object('pipelineId', s.pipeline_id, 'step', s.name, 'commitSha', p.commit_sha) AS more
    ), told AS (${insertEvent('ended', { type, payload })})
    SELECT pg_notify(${logChannel}, e.subject_id)::text AS told, ${wakeReaders} AS woken FROM ended e, told`;
  if (ended.length === 0)
    throw new DomainError('illegal_transition', 'A newer attempt has taken this step.');
}
