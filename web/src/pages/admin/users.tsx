import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import type { User } from '../../api/types.ts';
import { invalidate, useAction, useList } from '../../app/load.ts';
import { useQuery } from '../../app/location.ts';
import { can, me } from '../../app/session.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { FormDialog } from '../../components/dialog.tsx';
import { Empty, More, ProblemBox, Show } from '../../components/feedback.tsx';
import { Choice, Field, Filter } from '../../components/field.tsx';
import { Icon } from '../../components/icon.tsx';
import { Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import { oneOf } from '../../lib/one-of.ts';

/** People and agents. */
export function Users(): JSX.Element {
  const { query, setQuery } = useQuery();
  const [adding, setAdding] = useState(false);
  const wanted = query['q'] ?? '';
  const kind = oneOf(['human', 'agent'], query['kind']);
  const list = useList(`admin/users/${kind ?? ''}/${wanted}`, (cursor, signal) =>
    call('get', '/api/v1/users', {
      query: { cursor, q: wanted || undefined, kind },
      signal,
    }),
  );
  return (
    <>
      <div class="toolbar">
        <Filter
          label="Filter by name or email"
          value={wanted}
          onValue={(q) => {
            setQuery({ q });
          }}
        />
        <Choice
          label="Kind"
          value={kind ?? ''}
          options={[
            ['', 'People and agents'],
            ['human', 'People'],
            ['agent', 'Agents'],
          ]}
          onValue={(value) => {
            setQuery({ kind: value });
          }}
        />
        <span class="grow" />
        {(can('users:write') || can('admin:users')) && (
          <Button
            icon="plus"
            kind="primary"
            onClick={() => {
              setAdding(true);
            }}
          >
            Add user
          </Button>
        )}
      </div>
      <Show loaded={list} rows={6} what="Users">
        {(users) =>
          users.length === 0 ? (
            <Empty icon="users" title="Nobody matches" />
          ) : (
            <UserTable users={users} />
          )
        }
      </Show>
      <More list={list} />
      {adding && (
        <AddUser
          onClose={() => {
            setAdding(false);
          }}
        />
      )}
    </>
  );
}

function UserTable({ users }: { users: readonly User[] }): JSX.Element {
  const toggle = useAction(async (user: User) => {
    await call('patch', '/api/v1/users/{id}', {
      path: { id: user.id },
      body: { isActive: !user.isActive },
    });
    invalidate('admin');
    toast(user.isActive ? `${user.name} can no longer sign in` : `${user.name} can sign in again`);
  });
  const manage = can('users:write') || can('admin:users');
  return (
    <>
      {toggle.problem && <ProblemBox problem={toggle.problem} what="Not changed" />}
      <Table<User>
        label="Users"
        rows={users}
        rowKey={(user) => user.id}
        columns={[
          {
            title: 'Name',
            role: 'main',
            cell: (user) => (
              <span class="row">
                <Icon name={user.kind === 'agent' ? 'bot' : 'user'} size={14} />
                <span class="strong truncate">{user.name}</span>
                {user.displayName && <span class="muted truncate">{user.displayName}</span>}
              </span>
            ),
          },
          { title: 'Email', cell: (user) => <span class="truncate block">{user.email}</span> },
          { title: 'Kind', cell: (user) => (user.kind === 'agent' ? 'agent' : 'person') },
          {
            title: 'State',
            cell: (user) => (user.isActive ? 'active' : <span class="chip">switched off</span>),
          },
          { title: 'Since', cell: (user) => <Time at={user.createdAt} /> },
          {
            title: '~Actions',
            role: 'end',
            cell: (user) =>
              manage &&
              user.id !== me.value?.userId && (
                <Button
                  small
                  kind="quiet"
                  pending={toggle.pending}
                  onClick={() => {
                    toggle.run(user);
                  }}
                >
                  {user.isActive ? 'Switch off' : 'Switch on'}
                </Button>
              ),
          },
        ]}
      />
    </>
  );
}

function AddUser({ onClose }: { onClose: () => void }): JSX.Element {
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [kind, setKind] = useState<User['kind']>('human');
  const [password, setPassword] = useState('');
  const add = useAction(async () => {
    await call('post', '/api/v1/users', {
      body: { name, email, kind, ...(kind === 'human' ? { password } : {}) },
    });
    invalidate('admin');
    toast(`${name} is added`);
    onClose();
  });
  return (
    <FormDialog
      title="Add user"
      submit="Add user"
      pending={add.pending}
      problem={add.problem}
      disabled={name === '' || email === '' || (kind === 'human' && password === '')}
      onSubmit={() => {
        add.run();
      }}
      onClose={onClose}
    >
      <Field
        label="Kind"
        value={kind}
        onValue={setKind}
        options={[
          ['human', 'Person'],
          ['agent', 'Agent: may do nothing until something is delegated to it'],
        ]}
      />
      <Field
        label="Name"
        value={name}
        onValue={setName}
        required
        autoFocus
        error={add.problem?.forField('name')}
      />
      <Field
        label="Email"
        type="email"
        value={email}
        onValue={setEmail}
        required
        error={add.problem?.forField('email')}
      />
      {kind === 'human' && (
        <Field
          label="First password"
          type="password"
          value={password}
          onValue={setPassword}
          required
          autoComplete="new-password"
          error={add.problem?.forField('password')}
          help="12 characters or more. Ask them to change it."
        />
      )}
    </FormDialog>
  );
}
