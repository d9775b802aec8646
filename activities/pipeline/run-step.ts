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
import { finishLog } from '../../domain/pipeline/finish-log.ts';
import { createMasker, type Masker } from '../../domain/pipeline/mask.ts';
import {
  beginStepAttempt,
  finishStepAttempt,
  type StepAttempt,
} from '../../domain/pipeline/step-attempt.ts';
import { egressAllowOf, keepStepEgress } from '../../domain/pipeline/step-egress.ts';
import type { StepFetches } from '../../adapters/git/serve-step.ts';
import type { Pipeline } from '../../prisma/generated/client.ts';
import { waitingAtMost } from '../patience.ts';
import { withHeartbeat } from '../with-heartbeat.ts';
import { collectArtifacts } from './collect-artifacts.ts';
import type { PipelineActivityDeps } from './deps.ts';
import { keepOrSay, withPatience } from './keep-record.ts';
import { waitForPlace } from './step-place.ts';
import { orNoRoom, withSpaceProblem } from './step-space.ts';

interface RunStepInput {
  pipelineId: string;
  step: string;
  tryNumber: number;
  ancestors: string[];
}

/** All that one attempt works with. */
interface Attempt {
  deps: PipelineActivityDeps;
  run: Pipeline;
  plan: StepPlan;
  lease: StepAttempt;
  masker: Masker;
  writer: LogWriter;
  env: Record<string, string>;
  /** null: without a network there is no way to it */
  fetches: StepFetches | null;
  ancestors: readonly string[];
}

/** Makes `runStep`: see contracts/pipeline/activities.ts. */
export function runStep(deps: PipelineActivityDeps) {
  // Beats from the first moment: others, or the database, may make us wait before anything runs.
  return async (input: RunStepInput): Promise<StepResult> => {
    const release = await waitForPlace(deps, input.pipelineId);
    return await withHeartbeat(1000, () =>
      waitingAtMost(() => attemptStep(deps, input), deps.patience),
    ).finally(release);
  };
}

async function attemptStep(deps: PipelineActivityDeps, input: RunStepInput): Promise<StepResult> {
  const { db, store } = deps;
  const run = await db.pipeline.findUniqueOrThrow({ where: { id: input.pipelineId } });
  const plan = planOf(run.definition)?.steps.find((step) => step.name === input.step);
  if (plan === undefined) throw new DomainError('not_found', `The run has no step ${input.step}.`);
  const began = await beginStepAttempt(db, input);
  if (began.kind === 'done') {
    await finishLogOf(deps, run.id, input.step);
    return began.result;
  }
  const lease = began.attempt;
  const started = performance.now();
  const [secrets, fetches] = await Promise.all([
    resolveOrExplain(deps, run, plan),
    plan.network === 'egress' ? openFetches(deps, run) : null,
  ]);
  const values = typeof secrets === 'string' ? [] : [...secrets.values()];
  const masker = createMasker(fetches === null ? values : [...values, fetches.token]);
  const writer = await openLogWriter(db, { stepId: lease.stepId, attempt: lease.attempt, masker });
  if (lease.attempt > 1) await writer.note(`--- attempt ${String(lease.attempt)} ---`);
  for (const notice of noticesFor(run, plan)) await writer.note(`[slipway] ${notice}`);
  let result: StepResult;
  if (typeof secrets === 'string') {
    await writer.note(secrets);
    result = {
      status: 'failure',
      exitCode: null,
      reason: secrets,
      durationMs: Math.round(performance.now() - started),
    };
  } else {
    result = await execute({
      deps,
      run,
      plan,
      lease,
      masker,
      writer,
      env: resolveEnv(plan, secrets),
      fetches,
      ancestors: input.ancestors,
    });
  }
  await writer.close();
  await withPatience(() => finishStepAttempt(db, lease, result));
  // After the record: a follower ends when the step has ended, and reads on from rows or object alike.
  await finishLog(db, store, lease.stepId);
  return result;
}

/** The repository of the run, for what the step's commands fetch; null where there is none any more. */
async function openFetches(
  { db, cloneUrl, serveFetches }: PipelineActivityDeps,
  { projectId }: Pipeline,
): Promise<StepFetches | null> {
  const project = await db.project.findUnique({
    where: { id: projectId },
    select: { name: true, repoPath: true, owner: { select: { name: true } } },
  });
  if (project === null || project.repoPath === null) return null;
  const fullName = `${project.owner.name}/${project.name}`;
  return serveFetches({
    repoPath: project.repoPath,
    fullName,
    cloneUrl: cloneUrl(fullName),
    whose: projectId,
  });
}

/** What the run has to say of its file, at the top of its first step. */
function noticesFor(run: Pipeline, plan: StepPlan): string[] {
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
  run: Pipeline,
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
  const egressAllow =
    plan.network === 'egress' ? await egressAllowOf(deps.db, run.projectId) : null;
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
function platformEnv(run: Pipeline, plan: StepPlan): Record<string, string> {
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
