import type { JSX } from 'preact';
import { listProjects, listRuns } from '../../api/resources.ts';
import type { Project, Run } from '../../api/types.ts';
import { useLoad } from '../../app/load.ts';
import { projectPath } from '../../app/location.ts';
import { can } from '../../app/session.ts';
import { ButtonLink } from '../../components/button.tsx';
import { Show } from '../../components/feedback.tsx';
import { Icon } from '../../components/icon.tsx';
import { PageHead, Section } from '../../components/page.tsx';
import { RunList } from '../../components/run-row.tsx';
import { Status } from '../../components/status.tsx';
import { Time } from '../../components/time.tsx';
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

function WorkList({ projects }: { projects: readonly Project[] }): JSX.Element {
  const gates = useOpenGates();
  const runs = useLoad('pipelines/home', (signal) => listRuns({ limit: 40 }, signal));
  const all = runs.data?.items ?? [];
  const waitingRuns = new Set(gates.data?.map(({ gate }) => gate.subjectId));
  const running = all.filter(
    (run) => (run.status === 'running' || run.status === 'pending') && !waitingRuns.has(run.id),
  );
  const broken = brokenNow(all);
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
      <Show loaded={runs} rows={6} what="Pipelines">
        {() => (
          <>
            <Section title="Running now">
              {running.length === 0 ? (
                <Quiet text="Nothing runs at the moment." />
              ) : (
                <RunList runs={running} empty="" />
              )}
            </Section>
            <Section title="Broken">
              {broken.length === 0 ? (
                <Quiet text="Every branch that ran lately passes." />
              ) : (
                <RunList runs={broken} empty="" />
              )}
            </Section>
            <Section title="Recent changes" aside={<a href="/pipelines">All pipelines</a>}>
              <RunList
                runs={all.filter((run) => run.finishedAt !== null).slice(0, 8)}
                empty="Push a branch with a .platform.yaml and its pipeline shows here."
              />
            </Section>
          </>
        )}
      </Show>
      <Section title="Projects" aside={<a href="/projects">All projects</a>}>
        <ul class="project-grid">
          {projects.slice(0, 6).map((project) => (
            <ProjectTile
              key={project.id}
              project={project}
              last={all.find((run) => run.project.id === project.id)}
            />
          ))}
        </ul>
      </Section>
    </>
  );
}

/** The newest finished run of each branch, where it failed. */
function brokenNow(runs: readonly Run[]): Run[] {
  const seen = new Set<string>();
  return runs.filter((run) => {
    const key = `${run.project.id} ${run.gitRef}`;
    if (run.finishedAt === null || ['cancelled', 'skipped'].includes(run.status) || seen.has(key))
      return false;
    seen.add(key);
    return run.status === 'failure';
  });
}

function Quiet({ text }: { text: string }): JSX.Element {
  return <p class="quiet-line">{text}</p>;
}

function ProjectTile({ project, last }: { project: Project; last: Run | undefined }): JSX.Element {
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
          <Status state={last.status === 'pending' ? 'queued' : last.status} />
          <Time at={last.createdAt} />
        </p>
      ) : (
        <p class="meta">No pipeline yet</p>
      )}
    </li>
  );
}
