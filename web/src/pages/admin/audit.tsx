import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import type { AuditEntry } from '../../api/types.ts';
import { useKept, useList, useSettled } from '../../app/load.ts';
import { useQuery } from '../../app/location.ts';
import { Dialog } from '../../components/dialog.tsx';
import { Empty, More, Show } from '../../components/feedback.tsx';
import { Choice, Filter } from '../../components/field.tsx';
import { Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';

const resources = [
  '',
  'project',
  'pipeline',
  'gate',
  'secret',
  'user',
  'role',
  'role_binding',
  'delegation',
  'token',
  'session',
  'protected_branch',
];

/** Who did what, newest first; each entry is chained to the one before. */
export function Audit(): JSX.Element {
  const { query, setQuery } = useQuery();
  const [open, setOpen] = useState<AuditEntry | null>(null);
  const resource = query['resource'] ?? '';
  const text = useSettled(query['q'] ?? '').trim();
  const list = useKept(
    useList(`audit/${resource}/${text}`, (cursor, signal) =>
      call('get', '/api/v1/audit', {
        query: { cursor, limit: 100, resource: resource || undefined, q: text || undefined },
        signal,
      }),
    ),
  );
  return (
    <>
      <div class="toolbar">
        <Filter
          label="Filter by who, what or address"
          value={query['q'] ?? ''}
          onValue={(q) => {
            setQuery({ q });
          }}
        />
        <Choice
          label="Resource"
          value={resource}
          options={resources.map((each) => [each, each === '' ? 'Everything' : each] as const)}
          onValue={(value) => {
            setQuery({ resource: value });
          }}
        />
      </div>
      <Show loaded={list} rows={10} what="Audit">
        {(rows) =>
          rows.length === 0 ? (
            <Empty icon="scroll" title="No entry matches" />
          ) : (
            <AuditTable rows={rows} onOpen={setOpen} />
          )
        }
      </Show>
      <More list={list} />
      {open && (
        <Entry
          entry={open}
          onClose={() => {
            setOpen(null);
          }}
        />
      )}
    </>
  );
}

function AuditTable({
  rows,
  onOpen,
}: {
  rows: readonly AuditEntry[];
  onOpen: (entry: AuditEntry) => void;
}): JSX.Element {
  return (
    <Table<AuditEntry>
      label="Audit"
      dense
      rows={rows}
      rowKey={(entry) => entry.id}
      columns={[
        {
          title: 'What',
          role: 'main',
          cell: (entry) => (
            <button
              type="button"
              class="link-button"
              data-item=""
              onClick={() => {
                onOpen(entry);
              }}
            >
              <code>{entry.action}</code>
            </button>
          ),
        },
        {
          title: 'On',
          cell: (entry) => (
            <span class="truncate block">
              {entry.resource} <code class="muted">{entry.resourceId ?? ''}</code>
            </span>
          ),
        },
        {
          title: 'Who',
          cell: (entry) => (
            <span>
              {entry.actorName}
              {entry.actChain.length > 0 && (
                <span class="muted"> for {entry.actChain.join(', ')}</span>
              )}
            </span>
          ),
        },
        { title: 'From', cell: (entry) => <code>{entry.ipAddr ?? ''}</code> },
        { title: 'When', role: 'end', cell: (entry) => <Time at={entry.createdAt} /> },
      ]}
    />
  );
}

function Entry({ entry, onClose }: { entry: AuditEntry; onClose: () => void }): JSX.Element {
  const facts: [string, string][] = [
    ['Who', entry.actorName],
    ['When', new Date(entry.createdAt).toISOString()],
    ['On', `${entry.resource} ${entry.resourceId ?? ''}`],
    ['Number', entry.seq],
    ['Request', entry.requestId ?? 'none'],
  ];
  return (
    <Dialog title={entry.action} onClose={onClose}>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="mono">{value}</dd>
          </div>
        ))}
      </dl>
      <pre class="detail" tabIndex={0} role="group" aria-label="Detail">
        {JSON.stringify(entry.detail, null, 2)}
      </pre>
    </Dialog>
  );
}
