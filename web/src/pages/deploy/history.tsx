import type { JSX } from 'preact';
import { listHistory } from '../../api/deployments.ts';
import type { HistoryItem } from '../../api/types.ts';
import { useList } from '../../app/load.ts';
import { ChangeLink } from '../../components/change-link.tsx';
import { Empty, More, Show } from '../../components/feedback.tsx';
import { Status } from '../../components/status.tsx';
import { Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import { shortImage } from '../../lib/deployment-state.ts';
import type { DeploymentPageProps } from './deployment-page-props.ts';

const actionWords = {
  deploy: 'Deploy',
  rollback: 'Rollback',
  stop: 'Stop',
  scale: 'Scale',
} as const;

/** What was deployed, rolled back, stopped and scaled, newest first. */
export function History({ deployment }: DeploymentPageProps): JSX.Element {
  const { id } = deployment;
  const list = useList(`deployments/${id}/history`, (cursor, signal) =>
    listHistory(id, cursor, signal),
  );
  return (
    <>
      <Show loaded={list} rows={6} what="History">
        {(items) =>
          items.length === 0 ? (
            <Empty icon="clock" title="No history yet">
              Its first finished rollout stands here.
            </Empty>
          ) : (
            <HistoryTable items={items} />
          )
        }
      </Show>
      <More list={list} />
    </>
  );
}

function HistoryTable({ items }: { items: readonly HistoryItem[] }): JSX.Element {
  return (
    <Table<HistoryItem>
      label="History"
      rows={items}
      rowKey={(row) => row.id}
      columns={[
        {
          title: 'What',
          role: 'main',
          cell: (row) => (
            <span class="row">
              <Status
                state={row.status}
                word={row.status === 'success' ? 'Done' : 'Failed'}
                compact
              />
              <span class="strong">{actionWords[row.action]}</span>
              {row.revisionNumber !== null && (
                <span class="num nowrap">revision {row.revisionNumber}</span>
              )}
            </span>
          ),
        },
        {
          title: 'Image',
          cell: (row) => <code title={row.imageRef}>{shortImage(row.imageRef)}</code>,
        },
        {
          title: 'Why',
          width: '34%',
          cell: (row) => row.message && <span class="muted history-why">{row.message}</span>,
        },
        { title: 'By', cell: (row) => row.deployedByName ?? <span class="muted">Slipway</span> },
        { title: 'Change', cell: (row) => row.changeId && <ChangeLink id={row.changeId} /> },
        { title: 'When', role: 'end', cell: (row) => <Time at={row.createdAt} /> },
      ]}
    />
  );
}
