import { checkoutNotices, checkoutScript } from '../../adapters/workspace/checkout.ts';
import { ApplicationFailure } from '@temporalio/activity';
import type { PreparedRun } from '../../contracts/pipeline/activities.ts';
import {
  defaultClone,
  type PipelinePlan,
  type PipelineTrigger,
} from '../../contracts/pipeline/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import { beginRun, planOf } from '../../domain/pipeline/begin-run.ts';
import { definitionFile } from '../../domain/pipeline/definition/parse-definition.ts';
import type { PlanContext } from '../../domain/pipeline/definition/plan-pipeline.ts';
import type { Definition } from '../../domain/pipeline/definition/schema.ts';
import { finishRun } from '../../domain/pipeline/finish-run.ts';
import { ownerOf } from '../../domain/pipeline/repository-reader.ts';
import { type RunAtWork, readRun } from '../../domain/pipeline/read-run.ts';
import { previousCommit } from '../../domain/pipeline/previous-commit.ts';
import { targetOfRun } from '../../domain/review/target-of-run.ts';
import { refusalOfDatabase } from '../../domain/shared/database-refusal.ts';
import { isDatabaseAway } from '../../domain/shared/transient-database.ts';
import { currentTry, usualPatience, waitAfter, waitingAtMost } from '../patience.ts';
import { withHeartbeat } from '../with-heartbeat.ts';
import type { PipelineActivityDeps } from './deps.ts';

/** Makes `preparePipeline`: see contracts/pipeline/activities.ts. */
export function preparePipeline(deps: PipelineActivityDeps) {
  return ({ pipelineId }: { pipelineId: string }): Promise<PreparedRun | null> =>
    withHeartbeat(2000, () => orGiveUp(deps, pipelineId, () => prepare(deps, pipelineId)));
}

/** What fails so often fails always, be it for a reason that nobody has a name for: the run ends, instead of waiting for ever. */
async function orGiveUp<T>(
  { log, patience = usualPatience }: PipelineActivityDeps,
  pipelineId: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await waitingAtMost(work, patience);
  } catch (error) {
    const isKnown = error instanceof DomainError || error instanceof ApplicationFailure;
    if (isKnown || refusalOfDatabase(error) !== null || isDatabaseAway(error)) throw error;
    const attempt = currentTry();
    if (attempt < patience.tries) {
      const nextRetryDelay = waitAfter(attempt, patience);
      throw ApplicationFailure.fromError(error, { nextRetryDelay });
    }
    log.error({ err: error, pipeline_id: pipelineId }, 'a run could not be prepared');
    const message = `an error that was not expected, ${String(attempt)} times in a row: the log of the workers has it`;
    throw ApplicationFailure.nonRetryable(message, 'internal');
  }
}

async function prepare(
  deps: PipelineActivityDeps,
  pipelineId: string,
): Promise<PreparedRun | null> {
  const { db, repositories, workspaces, cloneUrl, hostQueue, share } = deps;
  const run = await readRun(db, pipelineId);
  // The project was deleted under it: there is nothing left to run or to record.
  if (run === null) return null;
  const { commitSha, repoPath } = run;
  if (repoPath === null || commitSha === null)
    throw new DomainError('not_found', 'The run has no commit to check out.');
  const lay = async ({ clone = defaultClone }: PipelinePlan): Promise<string[]> => {
    const of = { ...clone, sha: commitSha, ref: run.gitRef, origin: cloneUrl(run.fullName) };
    const said = await workspaces.prepareBase(pipelineId, {
      fill: (tree) => repositories.layClone(repoPath, tree, of),
      script: checkoutScript,
    });
    return checkoutNotices(said);
  };
  if (run.status === 'running') {
    const plan = planOf(run.definition);
    if (plan === null) throw new DomainError('internal', 'A running pipeline has no plan.');
    await lay(plan);
    return { plan, hostQueue, share };
  }
  const fail = async (error: string): Promise<null> => {
    await finishRun(db, { pipelineId, status: 'failure', error });
    return null;
  };
  const parsed = await repositories.definition(repoPath, commitSha);
  if (parsed === null)
    return await fail(`${definitionFile} does not exist at commit ${commitSha.slice(0, 8)}.`);
  if (!parsed.ok) return await fail(parsed.message);
  const planned = await planRun(deps, { ...run, commitSha }, repoPath, parsed.definition);
  const said = [...(planned.notices ?? []), ...turnNotice(planned, share)];
  const plan = { ...planned, notices: [...said, ...(await lay(planned))] };
  return (await beginRun(db, pipelineId, plan)) ? { plan, hostQueue, share } : null;
}

/** Said where steps that could begin together wait for each other. */
function turnNotice({ steps }: PipelinePlan, share: number): string[] {
  const counts = new Map<string, number>();
  for (const { needs, kind, skipReason } of steps) {
    const key = needs.join('\n');
    if (kind === 'command' && skipReason === null) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return Math.max(0, ...counts.values()) > share
    ? [`at most ${String(share)} steps of a run go on at once here, the others wait their turn`]
    : [];
}

/** The plan of a run at its commit; a merge request's paths are those that differ from its base. */
async function planRun(
  { db, repositories, heavy }: PipelineActivityDeps,
  run: RunAtWork & { commitSha: string },
  repoPath: string,
  definition: Definition,
): Promise<PipelinePlan> {
  const { commitSha } = run;
  const mergeRequest = await targetOfRun(db, run);
  // Asked of git only where the file wants to know: it costs a process, and people wait for the first line.
  const asksForPaths = [...definition.steps, ...(definition.deploy ?? [])].some(
    ({ when }) => when?.path !== undefined,
  );
  const since = mergeRequest?.baseSha ?? (asksForPaths ? await previousCommit(db, run) : null);
  const before = asksForPaths ? since : null;
  const changed =
    before === null ? null : await repositories.changedPaths(repoPath, before, commitSha);
  const context: PlanContext = {
    trigger: run.trigger as PipelineTrigger,
    gitRef: run.gitRef,
    commitSha,
    targetBranch: mergeRequest?.targetBranch ?? null,
    changedPaths: changed === 'too many' ? null : changed,
    tooManyChanged: changed === 'too many',
    projectName: run.projectName,
    pipelineNumber: run.number,
  };
  return await heavy.planPipeline([definition, context], {
    what: definitionFile,
    whose: ownerOf(repoPath),
  });
}
