import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import type { Binding } from '../../api/types.ts';
import { invalidate, useAction, useKept, useList, useLoad, useSettled } from '../../app/load.ts';
import { useQuery } from '../../app/location.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { FormDialog } from '../../components/dialog.tsx';
import { Empty, More, ProblemBox, Show } from '../../components/feedback.tsx';
import { Field, Filter } from '../../components/field.tsx';
import { ProjectPicker } from '../../components/project-picker.tsx';
import { Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';

/** Who has which role where. */
export function Bindings(): JSX.Element {
  const { query, setQuery } = useQuery();
  const [adding, setAdding] = useState(false);
  const wanted = useSettled(query['q'] ?? '').trim();
  const list = useKept(
    useList(`admin/bindings/${wanted}`, (cursor, signal) =>
      call('get', '/api/v1/role-bindings', {
        query: { cursor, limit: 100, q: wanted || undefined },
        signal,
      }),
    ),
  );
  const remove = useAction(async (binding: Binding) => {
    await call('delete', '/api/v1/role-bindings/{id}', { path: { id: binding.id } });
    invalidate('admin');
    toast(`${binding.userName} is no longer ${binding.role}`);
  });
  return (
    <>
      <div class="toolbar">
        <Filter
          label="Filter by user, role or project"
          value={query['q'] ?? ''}
          onValue={(q) => {
            setQuery({ q });
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
          Give a role
        </Button>
      </div>
      {remove.problem && <ProblemBox problem={remove.problem} what="Not removed" />}
      <Show loaded={list} rows={5} what="Role bindings">
        {(rows) =>
          rows.length === 0 ? (
            <Empty icon="shield" title="No binding matches" />
          ) : (
            <Table<Binding>
              label="Role bindings"
              rows={rows}
              rowKey={(binding) => binding.id}
              columns={[
                {
                  title: 'User',
                  role: 'main',
                  cell: (binding) => <span class="strong">{binding.userName}</span>,
                },
                { title: 'Role', cell: (binding) => <span class="chip">{binding.role}</span> },
                { title: 'Where', cell: (binding) => binding.projectPath ?? 'everywhere' },
                { title: 'Since', cell: (binding) => <Time at={binding.createdAt} /> },
                {
                  title: '~Actions',
                  role: 'end',
                  cell: (binding) => (
                    <Button
                      small
                      kind="quiet"
                      pending={remove.pending}
                      onClick={() => {
                        remove.run(binding);
                      }}
                    >
                      Remove
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
        <Give
          onClose={() => {
            setAdding(false);
          }}
        />
      )}
    </>
  );
}

function Give({ onClose }: { onClose: () => void }): JSX.Element {
  const [user, setUser] = useState('');
  const [role, setRole] = useState('viewer');
  const [project, setProject] = useState('');
  const roles = useLoad('admin/roles', () => call('get', '/api/v1/roles'));
  const give = useAction(async () => {
    await call('post', '/api/v1/role-bindings', {
      body: { user, role, projectId: project || null },
    });
    invalidate('admin');
    toast(`${user} is now ${role}`);
    onClose();
  });
  return (
    <FormDialog
      title="Give a role"
      submit="Give role"
      pending={give.pending}
      problem={give.problem}
      disabled={user.trim() === ''}
      onSubmit={() => {
        give.run();
      }}
      onClose={onClose}
    >
      <Field
        label="User"
        value={user}
        onValue={setUser}
        required
        autoFocus
        error={give.problem?.forField('user')}
        help="Name of a person or an agent"
      />
      <Field
        label="Role"
        value={role}
        onValue={setRole}
        options={(roles.data?.items ?? []).map((each) => [each.name, each.name] as const)}
      />
      <ProjectPicker label="Where" value={project} onValue={setProject} none="Everywhere" />
    </FormDialog>
  );
}
