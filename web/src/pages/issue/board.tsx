import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { listLabels, moveIssue, updateIssue } from '../../api/issues.ts';
import type { ProjectRef } from '../../api/resources.ts';
import type { Issue } from '../../api/types.ts';
import { invalidate, useLoad } from '../../app/load.ts';
import { useQuery } from '../../app/location.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { Show } from '../../components/feedback.tsx';
import { Choice } from '../../components/field.tsx';
import { BoardColumn, type Column, type Moved } from './board-column.tsx';
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

type Move = (issue: Issue, from: string, to: string) => void;

/**
 * Where cards were put that the server has not confirmed yet. `become` says what an issue is after a move, `work` tells
 * the server; moves of one issue reach it one after the other, as they were made.
 */
function useMoves(
  become: (issue: Issue, from: string, to: string) => Issue,
  work: (issue: Issue) => Promise<unknown>,
): { moved: ReadonlyMap<number, Moved>; move: Move } {
  const [moved, setMoved] = useState<ReadonlyMap<number, Moved>>(new Map());
  const latest = useRef(new Map<number, Promise<void>>());
  /** not when it was moved again meanwhile */
  const forget = (put: Moved): void => {
    setMoved((old) => new Map([...old].filter(([, each]) => each !== put)));
  };
  const tell = async (put: Moved, before: Promise<void> | undefined): Promise<void> => {
    await before;
    try {
      await work(put.issue);
      // the lists bring it within a moment; until then it stays where it was put
      setTimeout(() => {
        forget(put);
      }, 1500);
    } catch (error) {
      forget(put);
      const why = error instanceof Error ? error.message : 'that did not work';
      toast(`#${put.issue.number} was not moved: ${why}`, 'failure');
    }
    invalidate('issues');
  };
  return {
    moved,
    move: (issue, from, to) => {
      if (from === to) return;
      const left = [...(moved.get(issue.number)?.from ?? []), from].filter((each) => each !== to);
      const put = { issue: become(issue, from, to), from: left, to };
      setMoved((old) => new Map(old).set(issue.number, put));
      latest.current.set(issue.number, tell(put, latest.current.get(issue.number)));
    },
  };
}

function ByState({ at, view, write }: BoardProps): JSX.Element {
  const filter = { ...view.filter, q: view.q };
  const { moved, move } = useMoves(
    (issue, _from, to) => ({ ...issue, status: to === 'closed' ? 'closed' : 'open' }),
    ({ number, status }) => moveIssue(at, number, status),
  );
  const columns: Column[] = [
    { key: 'open', title: 'Open', filter: { ...filter, status: 'open' } },
    { key: 'closed', title: 'Closed', filter: { ...filter, status: 'closed' } },
  ];
  return <Columns at={at} columns={columns} write={write} moved={moved} onMove={move} />;
}

/** The key of the column for issues without any label. */
const none = '';

/** Columns that are shown before one asks for the others; labels that are used most come first. */
const atFirst = 10;

/** A column for each label that the project uses; each asks for its own issues, page by page. */
function ByLabel({ at, view, write }: BoardProps): JSX.Element {
  const [all, setAll] = useState(false);
  const known = useLoad(`issues/${at.owner}/${at.project}/labels`, (signal) =>
    listLabels(at, '', signal),
  );
  const { moved, move } = useMoves(
    (issue, from, to) => {
      const rest = issue.labels.filter((label) => label !== from && label !== to);
      return { ...issue, labels: to === none ? rest : [...rest, to] };
    },
    ({ number, labels: put }) => updateIssue(at, number, { labels: put }),
  );
  const { label: chosen, ...others } = view.filter;
  const filter = { ...others, q: view.q, status: 'open' } as const;
  const labels = (known.data?.items ?? []).map((item) => item.label);
  // the label that is asked for has its column whatever else is used more
  const first = chosen === '' ? labels : [...new Set([chosen, ...labels])];
  const shown = all ? first : first.slice(0, atFirst);
  const columns: Column[] = shown.map((label) => ({
    key: label,
    title: label,
    isLabel: true,
    filter: { ...filter, label: [...new Set([label, chosen])].filter((each) => each !== '') },
  }));
  if (chosen === '') {
    columns.push({ key: none, title: 'No label', filter: { ...filter, unlabelled: 'true' } });
  }
  return (
    <Show loaded={known} rows={6} what="Labels">
      {() => (
        <>
          <Columns at={at} columns={columns} write={write} moved={moved} onMove={move} />
          {shown.length < first.length && (
            <div class="more">
              <Button
                kind="quiet"
                onClick={() => {
                  setAll(true);
                }}
              >
                {`Show ${first.length - shown.length} more labels`}
              </Button>
            </div>
          )}
        </>
      )}
    </Show>
  );
}

function Columns({
  at,
  columns,
  write,
  moved,
  onMove,
}: {
  at: ProjectRef;
  columns: readonly Column[];
  write: boolean;
  moved: ReadonlyMap<number, Moved>;
  onMove: Move;
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
          moved={moved}
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
