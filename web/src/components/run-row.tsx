import type { JSX } from 'preact';
import type { Run } from '../api/types.ts';
import { projectPath, shortRef } from '../app/location.ts';
import { runDeploymentEnds, splitFailed } from '../lib/run-deployments.ts';
import { shortSha } from '../lib/time.ts';
import { environmentWords } from './deployment-chips.tsx';
import { Empty } from './feedback.tsx';
import { Icon } from './icon.tsx';
import { runState, Status } from './status.tsx';
import { Duration, Time } from './time.tsx';

const triggerWords = {
  push: 'push',
  api: 'by hand',
  schedule: 'schedule',
  mr: 'merge request',
} as const;

/** Title that a run is known by: the commit's, or the ref. */
export function runTitle(run: Pick<Run, 'commitTitle' | 'gitRef'>): string {
  return run.commitTitle ?? shortRef(run.gitRef);
}

/** Rollouts of a run that failed: `Passed` alone would say that all is well. */
export function FailedDeployments({ run }: { run: Run }): JSX.Element {
  return (
    <>
      {splitFailed(run.deployments).failed.map(({ deploymentId, environment, status }) => (
        <a
          key={deploymentId}
          class="row tightest failed-deployment"
          href={`/deployments/${deploymentId}`}
        >
          <Icon name="failure" size={12} />
          <span>
            {environmentWords[environment]} {runDeploymentEnds[status].says}
          </span>
        </a>
      ))}
    </>
  );
}

/** One run as a line of a list: state, what it is about, where, when. */
export function RunRow({
  run,
  showProject = true,
}: {
  run: Run;
  showProject?: boolean;
}): JSX.Element {
  return (
    <li class="line-row">
      <Status state={runState(run)} compact />
      <div class="grow">
        <a class="line-title truncate" href={`/pipelines/${run.id}`} data-item="">
          {runTitle(run)}
        </a>
        <div class="line-meta">
          {showProject && (
            <a class="plain truncate" href={projectPath(run.project.owner, run.project.name)}>
              {run.project.owner}/{run.project.name}
            </a>
          )}
          <span class="num">#{run.number}</span>
          <span class="row tightest truncate">
            <Icon name="branch" size={12} />
            <span class="truncate">{shortRef(run.gitRef)}</span>
          </span>
          {run.commitSha && <code>{shortSha(run.commitSha)}</code>}
          <span class="wide-only">
            {triggerWords[run.trigger]}
            {run.isRerun && ', again'}
          </span>
          <FailedDeployments run={run} />
          {run.status === 'skipped' && run.error && <span class="truncate">{run.error}</span>}
        </div>
      </div>
      <div class="line-end">
        <Duration start={run.startedAt} end={run.finishedAt} />
        <span class="meta">
          <Time at={run.createdAt} />
        </span>
      </div>
    </li>
  );
}

/** Runs as a list; says what to do when there are none. */
export function RunList({
  runs,
  showProject = true,
  empty,
}: {
  runs: readonly Run[];
  showProject?: boolean;
  empty: string;
}): JSX.Element {
  if (runs.length === 0) {
    return (
      <Empty icon="workflow" title="No pipelines">
        {empty}
      </Empty>
    );
  }
  return (
    <ul class="line-list">
      {runs.map((run) => (
        <RunRow key={run.id} run={run} showProject={showProject} />
      ))}
    </ul>
  );
}
