import type { JSX } from 'preact';
import { call } from '../../api/client.ts';
import type { EgressEntry, Step } from '../../api/types.ts';
import { useLoad } from '../../app/load.ts';
import { Table } from '../../components/table.tsx';

const address = '/api/v1/pipelines/{id}/steps/{name}/egress';

/** What a step that has ended asked of the network: folded away, but for what was refused. */
export function StepEgress({ runId, step }: { runId: string; step: Step }): JSX.Element | null {
  const key = `run/${runId}/egress/${step.name}/${step.attempt}/${step.finishedAt ?? ''}`;
  const loaded = useLoad(key, () => call('get', address, { path: { id: runId, name: step.name } }));
  const record = loaded.data?.items.find(({ attempt }) => attempt === step.attempt);
  if (record === undefined) return null;
  const refused = record.entries.filter(({ allowed }) => !allowed).length;
  return (
    <details class="step-egress" open={refused > 0}>
      <summary>
        Network: {record.entries.length - refused} reached
        {refused > 0 && <strong>, {refused} refused</strong>}
        {record.allow !== null && <span class="meta"> by the list of the project</span>}
        {record.isCut && <span class="meta"> (there was more than is kept)</span>}
      </summary>
      {record.entries.length === 0 ? (
        <p class="meta">It asked for nothing.</p>
      ) : (
        <Table<EgressEntry>
          label={`What ${step.name} asked of the network`}
          rows={record.entries}
          rowKey={(entry) => `${entry.kind} ${entry.target} ${entry.protocol} ${entry.port}`}
          columns={[
            {
              title: 'Asked for',
              role: 'main',
              cell: (entry) => (
                <>
                  <code class="strong">{targetWords(entry)}</code>{' '}
                  {entry.names.length > 0 && <span class="meta">{entry.names.join(', ')}</span>}
                </>
              ),
            },
            { title: 'As', cell: (entry) => entry.protocol ?? 'name' },
            { title: 'Times', cell: (entry) => <span class="num">{entry.count}</span> },
            {
              title: 'Sent / received',
              cell: (entry) => <span class="num">{bytesOf(entry)}</span>,
            },
            { title: 'Outcome', cell: (entry) => (entry.allowed ? 'allowed' : 'refused') },
          ]}
        />
      )}
    </details>
  );
}

const targetWords = (entry: EgressEntry): string =>
  entry.port === null ? entry.target : `${entry.target}:${entry.port}`;

function bytesOf({ sentBytes, receivedBytes }: EgressEntry): string {
  if (sentBytes === null || receivedBytes === null) return '–';
  return `${kilobytes(sentBytes)} / ${kilobytes(receivedBytes)}`;
}

const kilobytes = (bytes: number): string =>
  bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(1)} kB`;
