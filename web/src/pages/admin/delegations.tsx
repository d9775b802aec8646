import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call, type CallOptions } from '../../api/client.ts';
import type { Delegation } from '../../api/types.ts';
import { invalidate, useAction, useList, useLoad } from '../../app/load.ts';
import { useQuery } from '../../app/location.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { FormDialog } from '../../components/dialog.tsx';
import { Empty, More, ProblemBox, Show } from '../../components/feedback.tsx';
import { Choice, Field } from '../../components/field.tsx';
import { ProjectPicker } from '../../components/project-picker.tsx';
import { Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';

/** Permissions that were delegated, until when, and the way to take them back. */
export function Delegations(): JSX.Element {
  const { query, setQuery } = useQuery();
  const [adding, setAdding] = useState(false);
  const all = query['show'] === 'all';
  const list = useList(`admin/delegations/${all ? 'all' : 'live'}`, (cursor) =>
    call('get', '/api/v1/delegations', {
      query: { cursor, ...(all ? {} : { live: 'true' }) },
    }),
  );
  const revoke = useAction(async (delegation: Delegation) => {
    await call('delete', '/api/v1/delegations/{id}', { path: { id: delegation.id } });
    invalidate('admin');
    toast(`${delegation.delegateName} no longer has ${delegation.permission}`);
  });
  return (
    <>
      <div class="toolbar">
        <Choice
          label="Which"
          value={all ? 'all' : ''}
          options={[
            ['', 'In force'],
            ['all', 'Also ended ones'],
          ]}
          onValue={(value) => {
            setQuery({ show: value });
          }}
        />
        <span class="grow" />
        <Button
          icon="plus"
          kind="primary"
          onClick={() => {
            setAdding(true);
          }}
        >
          Delegate
        </Button>
      </div>
      {revoke.problem && <ProblemBox problem={revoke.problem} what="Not revoked" />}
      <Show loaded={list} rows={4} what="Delegations">
        {(rows) =>
          rows.length === 0 ? (
            <Empty icon="bot" title="Nothing is delegated">
              An agent may do nothing until you hand it one of your permissions.
            </Empty>
          ) : (
            <Table<Delegation>
              label="Delegations"
              rows={rows}
              rowKey={(each) => each.id}
              columns={[
                {
                  title: 'To',
                  role: 'main',
                  cell: (each) => <span class="strong">{each.delegateName}</span>,
                },
                {
                  title: 'Permission',
                  cell: (each) => <code class="chip">{each.permission}</code>,
                },
                { title: 'Where', cell: (each) => each.projectPath ?? 'everywhere' },
                { title: 'From', cell: (each) => each.delegatorName },
                {
                  title: 'Until',
                  cell: (each) =>
                    each.revokedAt ? (
                      'revoked'
                    ) : each.expiresAt ? (
                      <Time at={each.expiresAt} />
                    ) : (
                      'revoked by hand'
                    ),
                },
                { title: 'Why', cell: (each) => <span class="muted">{each.reason ?? ''}</span> },
                {
                  title: '~Actions',
                  role: 'end',
                  cell: (each) =>
                    !each.revokedAt && (
                      <Button
                        small
                        kind="quiet"
                        pending={revoke.pending}
                        onClick={() => {
                          revoke.run(each);
                        }}
                      >
                        Revoke
                      </Button>
                    ),
                },
              ]}
            />
          )
        }
      </Show>
      <More list={list} />
      {adding && (
        <Delegate
          onClose={() => {
            setAdding(false);
          }}
        />
      )}
    </>
  );
}

const day = 86_400_000;
type Delegated = NonNullable<CallOptions<'post', '/api/v1/delegations'>['body']>['permission'];

function Delegate({ onClose }: { onClose: () => void }): JSX.Element {
  const [delegate, setDelegate] = useState('');
  const [permission, setPermission] = useState<Delegated>('project:read');
  const [project, setProject] = useState('');
  const [days, setDays] = useState('1');
  const [reason, setReason] = useState('');
  const known = useLoad('admin/permissions', () => call('get', '/api/v1/permissions'));
  // the list of the server is the same closed list that it takes
  const names = (known.data?.items ?? [permission]) as Delegated[];
  const give = useAction(async () => {
    await call('post', '/api/v1/delegations', {
      body: {
        delegate,
        permission,
        projectId: project || null,
        expiresAt: days === '' ? null : new Date(Date.now() + Number(days) * day).toISOString(),
        reason: reason || null,
      },
    });
    invalidate('admin');
    toast(`${delegate} has ${permission}`);
    onClose();
  });
  return (
    <FormDialog
      title="Delegate a permission"
      submit="Delegate"
      pending={give.pending}
      problem={give.problem}
      disabled={delegate.trim() === ''}
      onSubmit={() => {
        give.run();
      }}
      onClose={onClose}
    >
      <Field
        label="To"
        value={delegate}
        onValue={setDelegate}
        required
        autoFocus
        error={give.problem?.forField('delegate')}
        help="Name of an agent or a person"
      />
      <Field
        label="Permission"
        value={permission}
        onValue={setPermission}
        options={names.map((name) => [name, name] as const)}
        help="It counts only while you hold it by a role of your own."
      />
      <ProjectPicker
        label="Where"
        value={project}
        onValue={setProject}
        none="Everywhere"
        help="What a project gives you delegate where you hold project:delegate; its maintainers see it and can take it back."
      />
      <Field
        label="Until"
        value={days}
        onValue={setDays}
        options={[
          ['1', 'Tomorrow'],
          ['7', 'In 7 days'],
          ['30', 'In 30 days'],
          ['', 'Revoked by hand'],
        ]}
      />
      <Field label="Why" value={reason} onValue={setReason} required={false} />
    </FormDialog>
  );
}
