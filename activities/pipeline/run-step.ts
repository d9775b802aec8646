import { CancelledFailure, Context } from '@temporalio/activity';
import type {
  Execution,
  ExecutionResult,
  WorkspaceMount,
} from '../../adapters/executor/executor.ts';
import { describeRefusals, type EgressRecord } from '../../contracts/pipeline/egress.ts';
import type { PipelineTrigger, StepPlan, StepResult } from '../../contracts/pipeline/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import { openLogWriter, type LogWriter } from '../../domain/pipeline/append-log.ts';
import { planOf } from '../../domain/pipeline/begin-run.ts';
import { formatDuration } from '../../domain/pipeline/definition/duration.ts';
import { shortRef } from '../../domain/pipeline/definition/globs.ts';
import {
  eventWordOf,
  resolveEnv,
  secretsOf,
} from '../../domain/pipeline/definition/plan-pipeline.ts';
import { finishLog, finishShortLog } from '../../domain/pipeline/finish-log.ts';
import { createMasker, type Masker } from '../../domain/pipeline/mask.ts';
import {
  beginStepAttempt,
  finishStepAttempt,
  type TakenStep,
} from '../../domain/pipeline/step-attempt.ts';
import { readEgressAllow, keepStepEgress } from '../../domain/pipeline/step-egress.ts';
import type { StepFetches } from '../../adapters/git/serve-step.ts';
import type { RunAtWork } from '../../domain/pipeline/read-run.ts';
import { collectArtifacts } from './collect-artifacts.ts';
import type { PipelineActivityDeps } from './deps.ts';
import { keepOrSay, withPatience } from './keep-record.ts';
import { orNoRoom, withSpaceProblem } from './step-space.ts';

export interface AttemptInput {
  step: string;
  tryNumber: number;
  ancestors: readonly string[];
  /** it begins only where nobody asks for the run to stop or to wait */
  unlessHeld: boolean;
}

/** All that one attempt works with. */
interface Attempt {
  deps: PipelineActivityDeps;
  run: RunAtWork;
  plan: StepPlan;
  lease: TakenStep;
  masker: Masker;
  writer: LogWriter;
  env: Record<string, string>;
  /** null: without a network there is no way to it */
  fetches: StepFetches | null;
  ancestors: readonly string[];
}

/** How an attempt ended: its result is recorded, its log may still be on its way into the object store. */
export interface EndedAttempt {
  result: StepResult;
  logMoved: Promise<void>;
}

/**
 * Runs a step of a run once, when it has its place.
 * @returns null where it is held, see {@link AttemptInput}
 */
export async function attemptStep(
  deps: PipelineActivityDeps,
  run: RunAtWork,
  input: AttemptInput,
): Promise<EndedAttempt | null> {
  const { db } = deps;
  const plan = planOf(run.definition)?.steps.find((step) => step.name === input.step);
  if (plan === undefined) throw new DomainError('not_found', `The run has no step ${input.step}.`);
  const began = await beginStepAttempt(db, { ...input, pipelineId: run.id });
  if (began.kind === 'held') return null;
  if (began.kind === 'done') {
    return { result: began.result, logMoved: finishLogOf(deps, run.id, input.step) };
  }
  return await runAttempt({ deps, run, plan, lease: began.attempt, ancestors: input.ancestors });
}

type Begun = Pick<Attempt, 'deps' | 'run' | 'plan' | 'lease' | 'ancestors'>;

async function runAttempt(begun: Begun): Promise<EndedAttempt> {
  const { deps, run, plan, lease } = begun;
  const { db, store } = deps;
  const { stepId, attempt } = lease;
  const started = performance.now();
  const fetches = plan.network === 'egress' ? openFetches(deps, run, lease) : null;
  const secrets = await resolveOrExplain(deps, run, plan);
  const values = typeof secrets === 'string' ? [] : [...secrets.values()];
  const masker = createMasker(fetches === null ? values : [...values, fetches.token]);
  const writer = await openLogWriter(db, { stepId, attempt, masker, end: lease.log });
  if (attempt > 1) await writer.note(`--- attempt ${String(attempt)} ---`);
  for (const notice of noticesFor(run, plan)) await writer.note(`[slipway] ${notice}`);
  let result: StepResult;
  if (typeof secrets === 'string') {
    await writer.note(secrets);
    const durationMs = Math.round(performance.now() - started);
    result = { status: 'failure', exitCode: null, reason: secrets, durationMs };
  } else {
    const env = resolveEnv(plan, secrets);
    result = await execute({ ...begun, masker, writer, env, fetches });
  }
  const { whole } = await writer.close();
  await withPatience(() => finishStepAttempt(db, lease, result));
  // After the record: a follower ends when the step has ended, and reads on from rows or object alike.
  const logMoved =
    whole === null
      ? finishLog(db, store, stepId).then(() => undefined)
      : finishShortLog(db, store, { pipelineId: run.id, stepId }, whole);
  return { result, logMoved };
}

/** The repository of the run, for what the step's commands fetch; null where there is none any more. */
function openFetches(
  { cloneUrl, serveFetches }: PipelineActivityDeps,
  { projectId }: RunAtWork,
  { project: { fullName, repoPath } }: TakenStep,
): StepFetches | null {
  if (repoPath === null) return null;
  return serveFetches({ repoPath, fullName, cloneUrl: cloneUrl(fullName), whose: projectId });
}

/** What the run has to say of its file, at the top of its first step. */
function noticesFor(run: RunAtWork, plan: StepPlan): string[] {
  const whole = planOf(run.definition);
  return whole?.steps[0]?.name === plan.name ? (whole.notices ?? []) : [];
}

async function finishLogOf(
  deps: PipelineActivityDeps,
  pipelineId: string,
  name: string,
): Promise<void> {
  const step = await deps.db.pipelineStep.findUnique({
    where: { pipelineId_name: { pipelineId, name } },
    select: { id: true },
  });
  if (step !== null) await finishLog(deps.db, deps.store, step.id);
}

/** The step's secrets, or one sentence for its log when it may not have them. */
async function resolveOrExplain(
  deps: PipelineActivityDeps,
  run: RunAtWork,
  plan: StepPlan,
): Promise<Map<string, string> | string> {
  const names = secretsOf(plan);
  if (names.length === 0) return new Map();
  try {
    return await deps.resolveSecrets({ run, step: plan.name, names });
  } catch (error) {
    if (
      error instanceof DomainError &&
      (error.code === 'secret_unavailable' || error.code === 'sealed')
    )
      return error.message;
    throw error;
  }
}

async function execute(attempt: Attempt): Promise<StepResult> {
  const { deps, run, plan, lease } = attempt;
  const mount = await deps.workspaces.beginStep(
    run.id,
    plan.name,
    lease.attempt,
    attempt.ancestors,
  );
  let keep = false;
  try {
    const note = (line: string): Promise<void> => attempt.writer.note(line);
    const ended = await runCommands(attempt, mount);
    const result = await withSpaceProblem(ended, deps.spaceProblem, note);
    const collected =
      result.status === 'success'
        ? await orNoRoom(() => collectArtifacts(attempt, mount), note)
        : null;
    keep = result.status === 'success' && collected === null;
    return collected === null ? result : { ...result, status: 'failure', reason: collected };
  } finally {
    if (keep) await deps.workspaces.commitStep(mount);
    else await deps.workspaces.discardStep(mount);
  }
}

async function runCommands(attempt: Attempt, mount: WorkspaceMount): Promise<StepResult> {
  const { deps, run, plan, lease } = attempt;
  const egressAllow = plan.network === 'egress' ? readEgressAllow(lease.project.egressAllow) : null;
  const execution = await deps.executor.start({
    id: `${lease.stepId}.${String(lease.attempt)}`,
    workspace: mount,
    commands: plan.commands,
    env: { ...platformEnv(run, plan), ...attempt.env },
    image: plan.image,
    network: plan.network,
    egressAllow,
    ...(attempt.fetches === null ? {} : { service: attempt.fetches }),
    timeoutMs: plan.timeoutMs,
    limits: deps.limits,
  });
  const signal = Context.current().cancellationSignal;
  const stop = () => {
    void execution.signal('SIGTERM');
  };
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    const ended = await pump(execution, attempt.writer);
    const egress = await execution.egress();
    if (egress !== null) await keepEgress(attempt, egressAllow, egress);
    if (
      signal.aborted &&
      signal.reason instanceof CancelledFailure &&
      signal.reason.message !== 'CANCELLED'
    ) {
      // Not asked to cancel: this worker shuts down or lost its lease. Another attempt will do the work.
      throw signal.reason;
    }
    return resultOf(ended, plan, signal.aborted);
  } finally {
    signal.removeEventListener('abort', stop);
    attempt.fetches?.close();
    await execution.cleanup();
  }
}

/** The record, and what was refused in the log: in our name, for the step could print the same words. */
async function keepEgress(
  { deps, lease, writer }: Attempt,
  allow: readonly string[] | null,
  record: EgressRecord,
): Promise<void> {
  for (const line of describeRefusals(record)) await writer.note(`[slipway] ${line}`);
  await keepOrSay(
    'what the step reached',
    () => keepStepEgress(deps.db, lease, allow, record),
    (line) => writer.note(line),
  );
}

async function pump(execution: Execution, writer: LogWriter): Promise<ExecutionResult> {
  for await (const chunk of execution.output) await writer.write(Buffer.from(chunk));
  return await execution.wait();
}

/** What every step may know of its run. */
function platformEnv(run: RunAtWork, plan: StepPlan): Record<string, string> {
  return {
    CI: 'true',
    SLIPWAY: 'true',
    SLIPWAY_PIPELINE_ID: run.id,
    SLIPWAY_PIPELINE_NUMBER: String(run.number),
    SLIPWAY_PROJECT_ID: run.projectId,
    SLIPWAY_CHANGE_ID: run.changeId,
    SLIPWAY_STEP: plan.name,
    SLIPWAY_COMMIT: run.commitSha ?? '',
    SLIPWAY_REF: run.gitRef,
    SLIPWAY_BRANCH: shortRef(run.gitRef),
    SLIPWAY_EVENT: eventWordOf({ trigger: run.trigger as PipelineTrigger, gitRef: run.gitRef }),
  };
}

function resultOf(ended: ExecutionResult, plan: StepPlan, cancelled: boolean): StepResult {
  const durationMs = Math.round(ended.durationMs);
  const base = { exitCode: ended.exitCode, durationMs };
  if (ended.reason === 'lost')
    throw new DomainError('unavailable', 'The sandbox of the step was lost.');
  if (cancelled || ended.reason === 'cancelled')
    return { ...base, status: 'cancelled', reason: 'cancelled' };
  const limits: Readonly<Record<string, string>> = {
    timeout: `timed out after ${formatDuration(plan.timeoutMs)}`,
    oom: 'used more memory than it may',
    pids: 'started more processes than it may',
    disk: 'wrote more to disk than it may',
  };
  if (ended.reason !== 'exited')
    return { ...base, status: 'failure', reason: limits[ended.reason] ?? ended.reason };
  if (ended.exitCode === 0) return { ...base, status: 'success', reason: null };
  return {
    ...base,
    status: 'failure',
    reason:
      ended.signal === null ? `exit code ${String(ended.exitCode)}` : `ended by ${ended.signal}`,
  };
}
