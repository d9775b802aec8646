import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { type IssueFilter, listIssues, moveIssue, updateIssue } from '../../api/issues.ts';
import type { ProjectRef } from '../../api/resources.ts';
import type { Issue } from '../../api/types.ts';
import { invalidate, type LoadedList, useKept, useList } from '../../app/load.ts';
import { useQuery } from '../../app/location.ts';
import { toast } from '../../app/toasts.ts';
import { More, Show } from '../../components/feedback.tsx';
import { Choice } from '../../components/field.tsx';
import { BoardColumn, type Column } from './board-column.tsx';
import type { IssueView } from './issue-view.ts';

interface BoardProps {
  at: ProjectRef;
  view: IssueView;
  write: boolean;
}

/** Issues in columns by state or by label. A card is dragged, or moved with the choice on it; it can be moved back. */
export function Board(props: BoardProps): JSX.Element {
  const { setQuery } = useQuery();
  return (
    <>
      <div class="toolbar">
        <Choice
          label="Columns"
          value={props.view.by}
          options={[
            ['state', 'Columns by state'],
            ['label', 'Columns by label'],
          ]}
          onValue={(by) => {
            setQuery({ by: by === 'state' ? undefined : by });
          }}
        />
      </div>
      {props.view.by === 'state' ? <ByState {...props} /> : <ByLabel {...props} />}
    </>
  );
}

function useIssues(at: ProjectRef, filter: IssueFilter): LoadedList<Issue> {
  const key = `issues/${at.owner}/${at.project}/list/${JSON.stringify(filter)}/board`;
  return useKept<Issue[], LoadedList<Issue>>(
    useList(key, (cursor, signal) => listIssues(at, filter, { cursor, limit: 100 }, signal)),
  );
}

/** Where cards were put that the server has not confirmed yet: by number, the key of a column. */
function useMoves(work: (issue: Issue, from: string, to: string) => Promise<unknown>): {
  moved: ReadonlyMap<number, string>;
  move: (issue: Issue, from: string, to: string) => void;
} {
  const [moved, setMoved] = useState<ReadonlyMap<number, string>>(new Map());
  const forget = (number: number): void => {
    setMoved((old) => new Map([...old].filter(([each]) => each !== number)));
  };
  return {
    moved,
    move: (issue, from, to) => {
      if (from === to) return;
      setMoved((old) => new Map(old).set(issue.number, to));
      work(issue, from, to).then(
        () => {
          invalidate('issues');
          // the lists bring it within a moment; until then it stays where it was put
          setTimeout(() => {
            forget(issue.number);
          }, 1500);
        },
        (error: unknown) => {
          forget(issue.number);
          const why = error instanceof Error ? error.message : 'that did not work';
          toast(`#${issue.number} was not moved: ${why}`, 'failure');
        },
      );
    },
  };
}

function ByState({ at, view, write }: BoardProps): JSX.Element {
  const filter = { ...view.filter, q: view.q };
  const open = useIssues(at, { ...filter, status: 'open' });
  const closed = useIssues(at, { ...filter, status: 'closed' });
  const { moved, move } = useMoves((issue, _from, to) =>
    moveIssue(at, issue.number, to === 'closed' ? 'closed' : 'open'),
  );
  const all = [...(open.data ?? []), ...(closed.data ?? [])];
  const once = [...new Map(all.map((issue) => [issue.number, issue])).values()];
  const into = (key: string): Issue[] =>
    once.filter((issue) => (moved.get(issue.number) ?? issue.status) === key);
  const columns: Column[] = [
    { key: 'open', title: 'Open', issues: into('open') },
    { key: 'closed', title: 'Closed', issues: into('closed') },
  ];
  const loaded = {
    ...open,
    data: open.data && closed.data,
    problem: open.problem ?? closed.problem,
  };
  return (
    <Show loaded={loaded} rows={6} what="Issues">
      {() => (
        <>
          <Columns at={at} columns={columns} write={write} onMove={move} />
          <More list={open.more ? open : closed} />
        </>
      )}
    </Show>
  );
}

const none = '';

function ByLabel({ at, view, write }: BoardProps): JSX.Element {
  const list = useIssues(at, { ...view.filter, q: view.q, status: 'open' });
  const { moved, move } = useMoves((issue, from, to) => {
    const rest = issue.labels.filter((label) => label !== from && label !== to);
    return updateIssue(at, issue.number, { labels: to === none ? rest : [...rest, to] });
  });
  const issues = list.data ?? [];
  const counts = new Map<string, number>();
  for (const label of issues.flatMap((issue) => issue.labels)) {
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  const labels = [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
  const inColumn = (issue: Issue, key: string): boolean => {
    const put = moved.get(issue.number);
    if (put !== undefined) return put === key;
    return key === none ? issue.labels.length === 0 : issue.labels.includes(key);
  };
  const columns: Column[] = [...labels, [none] as const].map(([key]) => ({
    key,
    title: key === none ? 'No label' : key,
    isLabel: key !== none,
    issues: issues.filter((issue) => inColumn(issue, key)),
  }));
  return (
    <Show loaded={list} rows={6} what="Issues">
      {() => (
        <>
          <Columns at={at} columns={columns} write={write} onMove={move} />
          <More list={list} />
        </>
      )}
    </Show>
  );
}

function Columns({
  at,
  columns,
  write,
  onMove,
}: {
  at: ProjectRef;
  columns: readonly Column[];
  write: boolean;
  onMove: (issue: Issue, from: string, to: string) => void;
}): JSX.Element {
  const [dragged, setDragged] = useState<{ issue: Issue; from: string } | null>(null);
  return (
    <div class="board" tabIndex={0} role="group" aria-label="Board">
      {columns.map((column) => (
        <BoardColumn
          key={column.key}
          at={at}
          column={column}
          columns={columns}
          write={write}
          target={dragged !== null && dragged.from !== column.key}
          onDrag={(issue) => {
            setDragged(issue && { issue, from: column.key });
          }}
          onDrop={() => {
            if (dragged) onMove(dragged.issue, dragged.from, column.key);
            setDragged(null);
          }}
          onMove={(issue, to) => {
            onMove(issue, column.key, to);
          }}
        />
      ))}
    </div>
  );
}
