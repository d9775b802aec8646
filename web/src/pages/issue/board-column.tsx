import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ProjectRef } from '../../api/resources.ts';
import type { Issue } from '../../api/types.ts';
import { Label } from '../../components/label.tsx';
import { Person } from '../../components/person.tsx';
import { CommentCount, IssueState, issuePath } from './issue-row.tsx';

/** A column of the board: a state or a label. */
export interface Column {
  key: string;
  title: string;
  isLabel?: boolean;
  issues: readonly Issue[];
}

/** One column with its cards; a card that is dragged over it may be put down. */
export function BoardColumn(props: {
  at: ProjectRef;
  column: Column;
  columns: readonly Column[];
  write: boolean;
  /** a card of another column is under way */
  target: boolean;
  onDrag: (issue: Issue | null) => void;
  onDrop: () => void;
  onMove: (issue: Issue, to: string) => void;
}): JSX.Element {
  const { column, target } = props;
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
        <span class="count num">{column.issues.length}</span>
      </header>
      <ul>
        {column.issues.map((issue) => (
          <Card key={issue.number} issue={issue} {...props} />
        ))}
      </ul>
      {column.issues.length === 0 && <p class="board-none">Nothing here.</p>}
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
