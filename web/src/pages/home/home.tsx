import type { JSX } from 'preact';
import { listDeployments } from '../../api/deployments.ts';
import { listProjects, listRuns } from '../../api/resources.ts';
import type { Project, Run } from '../../api/types.ts';
import { useList, useLoad } from '../../app/load.ts';
import { projectPath } from '../../app/location.ts';
import { can } from '../../app/session.ts';
import { BrokenDeployments } from '../../components/broken-deployments.tsx';
import { ButtonLink } from '../../components/button.tsx';
import { More, Show } from '../../components/feedback.tsx';
import { Icon } from '../../components/icon.tsx';
import { PageHead, Section } from '../../components/page.tsx';
import { FailedDeployments, RunList } from '../../components/run-row.tsx';
import { runState, Status } from '../../components/status.tsx';
import { Time } from '../../components/time.tsx';
import { isBroken } from '../../lib/deployment-state.ts';
import { GateList, useOpenGates } from '../../components/gate-list.tsx';
import { FirstSteps } from './first-steps.tsx';
import { ActivityPanel, AgentsPanel, HealthPanel } from './panels.tsx';

/** What waits for me, what runs, what is broken, what changed. A new installation gets its first steps instead. */
export function Home(): JSX.Element {
  const projects = useLoad('projects/home', (signal) => listProjects({ limit: 8 }, signal));
  const isNew = projects.data?.items.length === 0;
  return (
    <>
      <PageHead
        title="Home"
        documentTitle="Home"
        actions={
          can('project:write') && (
            <ButtonLink href="/projects/new" icon="plus" kind={isNew ? 'plain' : 'primary'}>
              New project
            </ButtonLink>
          )
        }
      />
      <div class="columns">
        <div class="stack">
          <Show loaded={projects} rows={8} what="Projects">
            {(page) =>
              page.items.length === 0 ? <FirstSteps /> : <WorkList projects={page.items} />
            }
          </Show>
        </div>
        <aside class="stack" aria-label="Platform">
          <HealthPanel />
          <ActivityPanel />
          <AgentsPanel />
        </aside>
      </div>
    </>
  );
}

const tiles = 6;

function WorkList({ projects }: { projects: readonly Project[] }): JSX.Element {
  const gates = useOpenGates();
  const running = useLoad('pipelines/home/running', (signal) =>
    listRuns({ finished: 'false', limit: 50 }, signal),
  );
  const broken = useList('pipelines/home/broken', (cursor, signal) =>
    listRuns({ newest: 'branch', status: 'failure', limit: 20, cursor }, signal),
  );
  const recent = useLoad('pipelines/home/recent', (signal) =>
    listRuns({ finished: 'true', limit: 8 }, signal),
  );
  const ids = projects
    .slice(0, tiles)
    .map((project) => project.id)
    .join(',');
  const newest = useLoad(`pipelines/home/newest/${ids}`, (signal) =>
    listRuns({ newest: 'project', projects: ids, limit: tiles }, signal),
  );
  const deployments = useLoad('deployments/all', (signal) => listDeployments(signal));
  const failed = deployments.data?.items.filter(isBroken) ?? [];
  const waitingRuns = new Set(gates.data?.map(({ gate }) => gate.subjectId));
  return (
    <>
      <Section title="Gates waiting for you" id="waiting" aside={<a href="/gates">All of it</a>}>
        <Show loaded={gates} rows={2} what="Gates">
          {(waiting) =>
            waiting.length === 0 ? (
              <Quiet text="Nothing waits for your decision." />
            ) : (
              <GateList gates={waiting} />
            )
          }
        </Show>
      </Section>
      <Section title="Running now">
        <Show loaded={running} rows={2} what="Pipelines">
          {({ items }) => {
            const shown = items.filter((run) => !waitingRuns.has(run.id));
            return shown.length === 0 ? (
              <Quiet text="Nothing runs at the moment." />
            ) : (
              <RunList runs={shown} empty="" />
            );
          }}
        </Show>
      </Section>
      <Section title="Broken">
        {failed.length > 0 && <BrokenDeployments deployments={failed} />}
        <Show loaded={broken} rows={2} what="Broken branches">
          {(runs) =>
            runs.length > 0 ? (
              <RunList runs={runs} empty="" />
            ) : (
              failed.length === 0 && <Quiet text="The newest run of every branch passes." />
            )
          }
        </Show>
        <More list={broken} />
      </Section>
      <Section title="Recent changes" aside={<a href="/pipelines">All pipelines</a>}>
        <Show loaded={recent} rows={4} what="Pipelines">
          {({ items }) => (
            <RunList
              runs={items}
              empty="Push a branch with a .platform.yaml and its pipeline shows here."
            />
          )}
        </Show>
      </Section>
      <Section title="Projects" aside={<a href="/projects">All projects</a>}>
        <ul class="project-grid">
          {projects.slice(0, tiles).map((project) => (
            <ProjectTile key={project.id} project={project} runs={newest.data?.items} />
          ))}
        </ul>
      </Section>
    </>
  );
}

function Quiet({ text }: { text: string }): JSX.Element {
  return <p class="quiet-line">{text}</p>;
}

function ProjectTile({
  project,
  runs,
}: {
  project: Project;
  /** the newest of each project; undefined while they are asked for */
  runs: readonly Run[] | undefined;
}): JSX.Element {
  const last = runs?.find((run) => run.project.id === project.id);
  return (
    <li class="tile">
      <a
        class="line-title truncate"
        href={projectPath(project.owner.name, project.name)}
        data-item=""
      >
        <Icon name="project" /> {project.displayName ?? project.name}
      </a>
      <p class="meta truncate">{project.description ?? `${project.owner.name}/${project.name}`}</p>
      {last ? (
        <p class="meta row">
          <Status state={runState(last)} />
          <FailedDeployments run={last} />
          <Time at={last.createdAt} />
        </p>
      ) : (
        <p class="meta">{runs ? 'No pipeline yet' : '…'}</p>
      )}
    </li>
  );
}
