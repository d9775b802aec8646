import type { JSX } from 'preact';
import { listProjects } from '../../api/resources.ts';
import type { Project } from '../../api/types.ts';
import { useList, useSettled } from '../../app/load.ts';
import { projectPath, useQuery } from '../../app/location.ts';
import { can } from '../../app/session.ts';
import { ButtonLink } from '../../components/button.tsx';
import { Empty, More, Show } from '../../components/feedback.tsx';
import { Choice, Filter } from '../../components/field.tsx';
import { Icon } from '../../components/icon.tsx';
import { PageHead } from '../../components/page.tsx';
import { Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';

/** All projects that one may see. */
export function Projects(): JSX.Element {
  const { query, setQuery } = useQuery();
  const mine = query['mine'] === '1';
  const wanted = useSettled(query['q'] ?? '');
  const list = useList(`projects/list/${mine ? 'mine' : 'all'}/${wanted}`, (cursor, signal) =>
    listProjects(
      {
        ...(wanted ? { q: wanted } : {}),
        ...(mine ? { mine: '1' } : {}),
        ...(cursor ? { cursor } : {}),
      },
      signal,
    ),
  );
  return (
    <>
      <PageHead
        title="Projects"
        documentTitle="Projects"
        state="Repositories and everything that happens to them."
        actions={
          can('project:write') && (
            <ButtonLink href="/projects/new" icon="plus" kind="primary">
              New project
            </ButtonLink>
          )
        }
      />
      <div class="toolbar">
        <Filter
          label="Filter by name"
          value={query['q'] ?? ''}
          onValue={(q) => {
            setQuery({ q });
          }}
        />
        <Choice
          label="Whose"
          value={mine ? '1' : ''}
          options={[
            ['', 'All projects'],
            ['1', 'My projects'],
          ]}
          onValue={(value) => {
            setQuery({ mine: value });
          }}
        />
      </div>
      <Show loaded={list} rows={8} what="Projects">
        {(projects) =>
          projects.length === 0 ? (
            <Empty icon="project" title={wanted || mine ? 'No project matches' : 'No projects yet'}>
              {wanted || mine
                ? 'Try fewer letters, or all projects.'
                : 'Create one, then push to it with git.'}
            </Empty>
          ) : (
            <ProjectTable projects={projects} />
          )
        }
      </Show>
      <More list={list} />
    </>
  );
}

function ProjectTable({ projects }: { projects: readonly Project[] }): JSX.Element {
  return (
    <Table<Project>
      label="Projects"
      rows={projects}
      rowKey={(project) => project.id}
      columns={[
        {
          title: 'Project',
          role: 'main',
          cell: (project) => (
            <a class="row strong" href={projectPath(project.owner.name, project.name)} data-item="">
              <Icon name={project.visibility === 'private' ? 'lock' : 'project'} size={14} />
              <span class="truncate">
                <span class="muted">{project.owner.name} / </span>
                {project.name}
              </span>
            </a>
          ),
        },
        {
          title: 'About',
          width: '40%',
          cell: (project) => <span class="truncate block muted">{project.description ?? ''}</span>,
        },
        { title: 'Branch', cell: (project) => <code>{project.defaultBranch}</code> },
        { title: 'Changed', role: 'end', cell: (project) => <Time at={project.updatedAt} /> },
      ]}
    />
  );
}
