import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { type IssueFilter, listIssues } from '../../api/issues.ts';
import type { ProjectRef } from '../../api/resources.ts';
import type { Issue } from '../../api/types.ts';
import { type LoadedList, useKept, useList } from '../../app/load.ts';
import { More, Show } from '../../components/feedback.tsx';
import { Label } from '../../components/label.tsx';
import { Person } from '../../components/person.tsx';
import { CommentCount, IssueState, issuePath } from './issue-row.tsx';

/** A column of the board: a state or a label. */
export interface Column {
  key: string;
  title: string;
  isLabel?: boolean;
  /** what it asks the API for */
  filter: IssueFilter;
}

/** A card that was put elsewhere and is not confirmed yet. */
export interface Moved {
  issue: Issue;
  /** keys of columns: those that it was taken from, and where it was put */
  from: readonly string[];
  to: string;
}

/** Issues of a column, page by page, with what was put there and without what was taken away. */
function useColumn(
  at: ProjectRef,
  column: Column,
  moved: ReadonlyMap<number, Moved>,
): LoadedList<Issue> {
  const key = `issues/${at.owner}/${at.project}/list/${JSON.stringify(column.filter)}/board`;
  const list = useKept<Issue[], LoadedList<Issue>>(
    useList(key, (cursor, signal) => listIssues(at, column.filter, { cursor, limit: 50 }, signal)),
  );
  const all = [...moved.values()];
  const put = all.filter((each) => each.to === column.key).map((each) => each.issue);
  const isGone = (issue: Issue): boolean =>
    all.some(
      ({ issue: { number }, from, to }) =>
        number === issue.number && (from.includes(column.key) || to === column.key),
    );
  return { ...list, data: list.data && [...put, ...list.data.filter((issue) => !isGone(issue))] };
}

/** One column with its cards; a card that is dragged over it may be put down. */
export function BoardColumn(props: {
  at: ProjectRef;
  column: Column;
  columns: readonly Column[];
  write: boolean;
  moved: ReadonlyMap<number, Moved>;
  /** a card of another column is under way */
  target: boolean;
  onDrag: (issue: Issue | null) => void;
  onDrop: () => void;
  onMove: (issue: Issue, to: string) => void;
}): JSX.Element {
  const { column, target } = props;
  const list = useColumn(props.at, column, props.moved);
  const count = list.data?.length ?? 0;
  const [over, setOver] = useState(false);
  return (
    <section
      class={`board-column ${target && over ? 'over' : ''}`}
      aria-label={column.title}
      onDragOver={(event) => {
        if (!target) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => {
        setOver(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        props.onDrop();
      }}
    >
      <header class="board-head">
        <h2 class="truncate">{column.isLabel ? <Label label={column.title} /> : column.title}</h2>
        <span class="count num">
          {count}
          {list.more && '+'}
        </span>
      </header>
      <Show loaded={list} rows={3} what={column.title}>
        {(issues) => (
          <ul>
            {issues.map((issue) => (
              <Card key={issue.number} issue={issue} {...props} />
            ))}
          </ul>
        )}
      </Show>
      {list.data?.length === 0 && <p class="board-none">Nothing here.</p>}
      <More list={list} />
    </section>
  );
}

function Card({
  issue,
  at,
  column,
  columns,
  write,
  onDrag,
  onMove,
}: Parameters<typeof BoardColumn>[0] & { issue: Issue }): JSX.Element {
  return (
    <li
      class="card"
      draggable={write}
      onDragStart={(event) => {
        event.dataTransfer?.setData('text/plain', `#${issue.number}`);
        onDrag(issue);
      }}
      onDragEnd={() => {
        onDrag(null);
      }}
    >
      <div class="row card-head">
        <IssueState status={issue.status} />
        <span class="num meta grow">#{issue.number}</span>
        {write && columns.length > 1 && (
          <select
            class="card-move"
            aria-label={`Move #${issue.number} to`}
            value={column.key}
            onChange={(event) => {
              onMove(issue, event.currentTarget.value);
            }}
          >
            {columns.map((each) => (
              <option key={each.key} value={each.key}>
                {each.title}
              </option>
            ))}
          </select>
        )}
      </div>
      <a class="card-title" href={issuePath(at, issue.number)} data-item="">
        {issue.title}
      </a>
      <div class="row wrap card-foot">
        {issue.labels
          .filter((label) => !column.isLabel || label !== column.key)
          .map((label) => (
            <Label key={label} label={label} />
          ))}
        <span class="grow" />
        <span class="meta">
          <CommentCount count={issue.commentCount} />
        </span>
        {issue.assignee && <Person user={issue.assignee} withName={false} />}
      </div>
    </li>
  );
}
