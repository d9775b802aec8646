import type { JSX } from 'preact';
import { useRoute } from 'preact-iso';
import { getRun } from '../../api/resources.ts';
import type { Gate, RunDetail, Step } from '../../api/types.ts';
import { useCrumbs } from '../../app/breadcrumb.tsx';
import { useLoad } from '../../app/load.ts';
import { projectPath, shortRef, useQuery, withQuery } from '../../app/location.ts';
import { ChangeLink } from '../../components/change-link.tsx';
import { Copy } from '../../components/copy.tsx';
import { Dag, StepList } from '../../components/dag.tsx';
import { Empty, Show } from '../../components/feedback.tsx';
import { GateActions } from '../../components/gate-card.tsx';
import { Icon } from '../../components/icon.tsx';
import { PageHead } from '../../components/page.tsx';
import { runTitle } from '../../components/run-row.tsx';
import { runState, stateWord, Status } from '../../components/status.tsx';
import { Duration, Time } from '../../components/time.tsx';
import { shortSha } from '../../lib/time.ts';
import { NotFound } from '../not-found.tsx';
import { Artifacts } from './artifacts.tsx';
import { RunActions } from './run-actions.tsx';
import { RunDeployments } from './run-deployments.tsx';
import { StepPanel } from './step-panel.tsx';

/** One run: its graph, the selected step with its output, what waits, what it made. */
export function RunPage(): JSX.Element {
  const { params } = useRoute();
  const id = params['id'] ?? '';
  const run = useLoad(`pipelines/${id}`, (signal) => getRun(id, signal));
  if (run.problem?.status === 404) return <NotFound what="pipeline" />;
  return (
    <Show loaded={run} rows={8} what="Pipeline">
      {(detail) => <RunView run={detail} />}
    </Show>
  );
}

/** What deserves to be looked at first: what failed, what waits, what runs, else the last step. */
function stepToShow(steps: readonly Step[], wanted: string | undefined): Step | undefined {
  const byStatus = (status: Step['status']): Step | undefined =>
    steps.find((step) => step.status === status);
  return (
    steps.find((step) => step.name === wanted) ??
    byStatus('failure') ??
    byStatus('waiting') ??
    byStatus('running') ??
    steps.findLast((step) => step.status === 'success') ??
    steps[0]
  );
}

function RunView({ run }: { run: RunDetail }): JSX.Element {
  const { query } = useQuery();
  const steps = [...run.steps].sort((a, b) => a.stepOrder - b.stepOrder);
  const shown = stepToShow(steps, query['step']);
  const { owner, name } = run.project;
  const state = runState(run);
  useCrumbs([
    { text: `${owner}/${name}`, href: projectPath(owner, name) },
    { text: 'Pipelines', href: projectPath(owner, name, '/pipelines') },
    { text: `#${run.number}`, href: `/pipelines/${run.id}` },
  ]);
  const hrefOf = (step: string): string => withQuery(`/pipelines/${run.id}`, { step });
  return (
    <>
      <PageHead
        title={runTitle(run)}
        documentTitle={`${stateWord(state)}: ${name} #${run.number}`}
        before={<Status state={state} badge />}
        state={<RunFacts run={run} />}
        actions={<RunActions run={run} />}
      />
      <StateAnnouncer text={`Pipeline ${stateWord(state)}`} />
      {run.error && <RunError run={run} error={run.error} />}
      <RunDeployments run={run} />
      {run.gates
        .filter((gate) => gate.status === 'open')
        .map((gate) => (
          <GateBanner key={gate.id} gate={gate} run={run} />
        ))}
      {steps.length === 0 ? (
        !run.error && (
          <Empty icon="workflow" title="No steps yet">
            The definition is being read.
          </Empty>
        )
      ) : (
        <div class="run-body">
          <Dag steps={steps} selected={shown?.name ?? null} hrefOf={hrefOf} />
          <StepList steps={steps} selected={shown?.name ?? null} hrefOf={hrefOf} />
          {shown && <StepPanel key={`${shown.id}`} run={run} step={shown} />}
          <Artifacts run={run} />
        </div>
      )}
    </>
  );
}

function RunFacts({ run }: { run: RunDetail }): JSX.Element {
  const { owner, name } = run.project;
  return (
    <span class="line-meta">
      <a class="plain" href={projectPath(owner, name)}>
        {owner}/{name} <span class="num">#{run.number}</span>
      </a>
      <a
        class="plain row tightest"
        href={withQuery(projectPath(owner, name, '/commits'), { ref: shortRef(run.gitRef) })}
      >
        <Icon name="branch" size={12} />
        {shortRef(run.gitRef)}
      </a>
      {run.commitSha && (
        <span class="row tightest">
          <a href={projectPath(owner, name, `/commits/${run.commitSha}`)}>
            <code>{shortSha(run.commitSha)}</code>
          </a>
          <Copy text={run.commitSha} label="Copy commit id" />
        </span>
      )}
      <span>
        {startedWord(run)}
        {run.triggeredByName && ` by ${run.triggeredByName}`} <Time at={run.createdAt} />
      </span>
      {run.startedAt && (
        <span class="row tightest">
          <Icon name="clock" size={12} />
          <Duration start={run.startedAt} end={run.finishedAt} />
        </span>
      )}
      <ChangeLink id={run.changeId} />
    </span>
  );
}

function startedWord({ isRerun, trigger }: RunDetail): string {
  if (isRerun) return 'run again';
  return trigger === 'push' ? 'pushed' : 'started';
}

/** One `file:line:column: what is wrong` of a definition. */
const place = /^([\w./-]+\.ya?ml):(\d+):(\d+): (.*)$/;

function errorTitle({ status }: RunDetail): string {
  if (status === 'success') return 'The run passed, but it did not deploy everything';
  return status === 'skipped' ? 'It was not run' : 'The run could not go on';
}

/** Why a run failed beside its steps, or what a green one was not let do. Each place in the definition links to its line. */
function RunError({ run, error }: { run: RunDetail; error: string }): JSX.Element {
  const lines = error.split('\n').map((line) => ({ line, found: place.exec(line.trim()) }));
  const inDefinition = lines.some(({ found }) => found !== null);
  const href = (path: string, line: string): string =>
    `${withQuery(projectPath(run.project.owner, run.project.name, '/file'), { ref: run.commitSha ?? undefined, path })}#L${line}`;
  return (
    <div class="problem" role="alert">
      <Icon name={run.status === 'skipped' ? 'skipped' : 'failure'} />
      <div class="grow">
        <strong>{inDefinition ? 'The pipeline definition is not valid' : errorTitle(run)}</strong>
        <ul class="mono">
          {lines.map(({ line, found }) => (
            <li key={line}>
              {found ? (
                <>
                  <a href={href(found[1] ?? '', found[2] ?? '1')}>
                    {found[1]}:{found[2]}:{found[3]}
                  </a>{' '}
                  {found[4]}
                </>
              ) : (
                line
              )}
            </li>
          ))}
        </ul>
        {inDefinition && <p class="meta">No step ran. Mend the file and push again.</p>}
      </div>
    </div>
  );
}

function GateBanner({ gate, run }: { gate: Gate; run: RunDetail }): JSX.Element {
  return (
    <section class="gate-banner" aria-label={`Gate ${gate.step}`}>
      <Icon name="waiting" />
      <div class="grow">
        <strong>{gate.step} waits for a decision</strong>
        <p class="line-meta">
          <span>
            needs <code>{gate.permission}</code>
          </span>
          <span class="num">
            {gate.approvals} of {gate.quorum} approvals
          </span>
          {gate.expiresAt && (
            <span>
              expires <Time at={gate.expiresAt} />
            </span>
          )}
        </p>
      </div>
      <GateActions
        gate={gate}
        subject={`${run.project.owner}/${run.project.name} #${run.number}: ${runTitle(run)}`}
      />
    </section>
  );
}

function StateAnnouncer({ text }: { text: string }): JSX.Element {
  return (
    <span class="hidden-visually" role="status">
      {text}
    </span>
  );
}
