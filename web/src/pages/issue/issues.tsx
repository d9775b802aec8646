import type { JSX } from 'preact';
import { listIssues } from '../../api/issues.ts';
import type { Issue } from '../../api/types.ts';
import { useKept, useList, useLoad, useSettled } from '../../app/load.ts';
import { projectPath, useQuery } from '../../app/location.ts';
import { ButtonLink } from '../../components/button.tsx';
import { Empty, More, Show } from '../../components/feedback.tsx';
import { Filter } from '../../components/field.tsx';
import { Icon } from '../../components/icon.tsx';
import type { ProjectPageProps } from '../project-page-props.ts';
import { Board } from './board.tsx';
import { type IssueView, readView, statusOf } from './issue-view.ts';
import { IssueRow } from './issue-row.tsx';
import { LabelPicker } from './label-picker.tsx';
import { PersonPicker } from './person-picker.tsx';

/** Issues of a project as a list or as a board; what is shown stands in the address. */
export function Issues({ at, may }: ProjectPageProps): JSX.Element {
  const { query } = useQuery();
  const view = readView(query);
  const write = may('issue:write');
  const q = useSettled(view.q);
  const settled = { ...view, q };
  return (
    <>
      <Bar at={at} view={view} write={write} />
      {view.shape === 'board' ? (
        <Board at={at} view={settled} write={write} />
      ) : (
        <IssueList at={at} view={settled} write={write} />
      )}
    </>
  );
}

const assignees = [
  ['', 'Any assignee'],
  ['none', 'Nobody assigned'],
] as const;

function Bar({
  at,
  view,
  write,
}: {
  at: ProjectPageProps['at'];
  view: IssueView;
  write: boolean;
}): JSX.Element {
  const { setQuery } = useQuery();
  const shared = (key: 'label' | 'assignee' | 'author') => ({
    at,
    bare: true,
    value: view[key],
    onValue: (value: string) => {
      setQuery({ [key]: value });
    },
  });
  return (
    <div class="toolbar filters">
      <Filter
        label="Filter by title, text or number"
        value={view.q}
        onValue={(value) => {
          setQuery({ q: value });
        }}
      />
      <LabelPicker label="Label" none={[['', 'Any label']]} {...shared('label')} />
      <PersonPicker label="Assignee" none={assignees} {...shared('assignee')} />
      <PersonPicker label="Author" none={[['', 'Any author']]} {...shared('author')} />
      <span class="grow" />
      <Shapes view={view} />
      {write && (
        <ButtonLink
          href={projectPath(at.owner, at.project, '/issues/new')}
          icon="plus"
          kind="primary"
        >
          New issue
        </ButtonLink>
      )}
    </div>
  );
}

function Shapes({ view }: { view: IssueView }): JSX.Element {
  const { setQuery } = useQuery();
  const shapes = [
    ['list', 'List', 'list'],
    ['board', 'Board', 'board'],
  ] as const;
  return (
    <div class="segmented" role="group" aria-label="Show as">
      {shapes.map(([shape, word, icon]) => (
        <button
          key={shape}
          type="button"
          aria-pressed={view.shape === shape}
          onClick={() => {
            setQuery({ view: shape === 'list' ? undefined : shape }, true);
          }}
        >
          <Icon name={icon} size={12} />
          {word}
        </button>
      ))}
    </div>
  );
}

function IssueList({
  at,
  view,
  write,
}: {
  at: ProjectPageProps['at'];
  view: IssueView;
  write: boolean;
}): JSX.Element {
  const filter = { ...view.filter, q: view.q, status: statusOf(view.state) };
  const key = `issues/${at.owner}/${at.project}/list/${JSON.stringify(filter)}`;
  const list = useKept<Issue[], ReturnType<typeof useList<Issue>>>(
    useList(key, (cursor, signal) => listIssues(at, filter, { cursor, limit: 50 }, signal)),
  );
  const filtered = Object.values(view.filter).some(Boolean) || view.q !== '';
  return (
    <>
      <States at={at} view={view} />
      <Show loaded={list} rows={8} what="Issues">
        {(issues) =>
          issues.length === 0 ? (
            <NoIssues at={at} view={view} filtered={filtered} write={write} />
          ) : (
            <ul class="line-list" aria-label="Issues">
              {issues.map((issue) => (
                <IssueRow key={issue.id} issue={issue} at={at} />
              ))}
            </ul>
          )
        }
      </Show>
      <More list={list} />
    </>
  );
}

/** Open, closed, all: each with how many match the filter. */
function States({ at, view }: { at: ProjectPageProps['at']; view: IssueView }): JSX.Element {
  const { setQuery } = useQuery();
  const filter = { ...view.filter, q: view.q };
  const key = `issues/${at.owner}/${at.project}/counts/${JSON.stringify(filter)}`;
  const { data } = useKept(useLoad(key, (signal) => listIssues(at, filter, { limit: 1 }, signal)));
  const states = [
    ['open', 'Open', data?.counts.open],
    ['closed', 'Closed', data?.counts.closed],
    ['all', 'All', data ? data.counts.open + data.counts.closed : undefined],
  ] as const;
  return (
    <div class="states">
      <div class="segmented" role="group" aria-label="State">
        {states.map(([state, word, count]) => (
          <button
            key={state}
            type="button"
            aria-pressed={view.state === state}
            onClick={() => {
              setQuery({ state: state === 'open' ? undefined : state });
            }}
          >
            {word} <span class="num">{count ?? ''}</span>
          </button>
        ))}
      </div>
    </div>
  );
}

function NoIssues({
  at,
  view,
  filtered,
  write,
}: {
  at: ProjectPageProps['at'];
  view: IssueView;
  filtered: boolean;
  write: boolean;
}): JSX.Element {
  const path = projectPath(at.owner, at.project, '/issues');
  if (filtered) {
    return (
      <Empty
        icon="search"
        title="No issue matches this filter"
        action={<ButtonLink href={path}>Clear the filter</ButtonLink>}
      />
    );
  }
  if (view.state === 'closed') {
    return (
      <Empty icon="issue-closed" title="No closed issues">
        Issues that are done, or will not be, show here.
      </Empty>
    );
  }
  return (
    <Empty
      icon="issue"
      title="No open issues"
      action={
        write && (
          <ButtonLink href={`${path}/new`} icon="plus">
            New issue
          </ButtonLink>
        )
      }
    >
      Bugs, feature requests and work to be done. A merge request or commit that says “closes #1”
      closes its issue when it reaches the default branch.
    </Empty>
  );
}
