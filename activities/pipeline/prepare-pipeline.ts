import { checkoutNotices, checkoutScript } from '../../adapters/workspace/checkout.ts';
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
import { previousCommit } from '../../domain/pipeline/previous-commit.ts';
import { targetOfRun } from '../../domain/review/target-of-run.ts';
import type { Pipeline, Project } from '../../prisma/generated/client.ts';
import { whileBeating } from '../beating.ts';
import type { PipelineActivityDeps } from './deps.ts';

/** Makes `preparePipeline`: see contracts/pipeline/activities.ts. */
export function preparePipeline(deps: PipelineActivityDeps) {
  return ({ pipelineId }: { pipelineId: string }): Promise<PreparedRun | null> =>
    whileBeating(2000, () => prepare(deps, pipelineId));
}

async function prepare(
  deps: PipelineActivityDeps,
  pipelineId: string,
): Promise<PreparedRun | null> {
  const { db, repositories, workspaces, cloneUrl, hostQueue } = deps;
  const run = await db.pipeline.findUnique({
    where: { id: pipelineId },
    include: { project: { include: { owner: { select: { name: true } } } } },
  });
  // The project was deleted under it: there is nothing left to run or to record.
  if (run === null) return null;
  const repoPath = run.project.repoPath;
  const { commitSha } = run;
  if (repoPath === null || commitSha === null)
    throw new DomainError('not_found', 'The run has no commit to check out.');
  const lay = async ({ clone = defaultClone }: PipelinePlan): Promise<string[]> => {
    const origin = cloneUrl(`${run.project.owner.name}/${run.project.name}`);
    const of = { ...clone, sha: commitSha, ref: run.gitRef, origin };
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
    return { plan, hostQueue };
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
  const plan = { ...planned, notices: [...(planned.notices ?? []), ...(await lay(planned))] };
  return (await beginRun(db, pipelineId, plan)) ? { plan, hostQueue } : null;
}

/** The plan of a run at its commit; a merge request's paths are those that differ from its base. */
async function planRun(
  { db, repositories, heavy }: PipelineActivityDeps,
  run: Pipeline & { commitSha: string; project: Project },
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
    projectName: run.project.name,
    pipelineNumber: run.number,
  };
  return await heavy.planPipeline([definition, context], {
    what: definitionFile,
    whose: ownerOf(repoPath),
  });
}
