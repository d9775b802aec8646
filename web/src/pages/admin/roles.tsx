import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import type { Role } from '../../api/types.ts';
import { invalidate, useAction, useLoad } from '../../app/load.ts';
import { can } from '../../app/session.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { FormDialog } from '../../components/dialog.tsx';
import { Show } from '../../components/feedback.tsx';
import { Field } from '../../components/field.tsx';
import { Table } from '../../components/table.tsx';

/** Roles and what each may do. */
export function Roles(): JSX.Element {
  const [making, setMaking] = useState(false);
  const list = useLoad('admin/roles', () => call('get', '/api/v1/roles'));
  return (
    <>
      <div class="toolbar">
        <p class="muted grow">
          A role is a set of permissions. It is given by a binding, everywhere or on one project.
        </p>
        {can('admin:manage') && (
          <Button
            icon="plus"
            kind="primary"
            onClick={() => {
              setMaking(true);
            }}
          >
            New role
          </Button>
        )}
      </div>
      <Show loaded={list} rows={6} what="Roles">
        {({ items }) => (
          <Table<Role>
            label="Roles"
            rows={items}
            rowKey={(role) => role.id}
            columns={[
              {
                title: 'Role',
                role: 'main',
                cell: (role) => (
                  <span class="row">
                    <span class="strong">{role.name}</span>
                    {role.isSystem && <span class="chip">built in</span>}
                  </span>
                ),
              },
              {
                title: 'About',
                cell: (role) => <span class="muted">{role.description ?? ''}</span>,
              },
              {
                title: 'Permissions',
                width: '50%',
                cell: (role) => (
                  <span class="row wrap chips">
                    {role.inherits.map((name) => (
                      <span key={name} class="chip">
                        all of {name}
                      </span>
                    ))}
                    {role.permissions.map((permission) => (
                      <code key={permission} class="chip">
                        {permission}
                      </code>
                    ))}
                    {role.permissions.length + role.inherits.length === 0 && (
                      <span class="muted">none</span>
                    )}
                  </span>
                ),
              },
            ]}
          />
        )}
      </Show>
      {making && (
        <NewRole
          onClose={() => {
            setMaking(false);
          }}
        />
      )}
    </>
  );
}

function NewRole({ onClose }: { onClose: () => void }): JSX.Element {
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [held, setHeld] = useState('project:read\npipeline:run');
  const make = useAction(async () => {
    await call('post', '/api/v1/roles', {
      body: {
        name,
        description: description || null,
        permissions: held.split(/[\s,]+/).filter(Boolean),
      },
    });
    invalidate('admin');
    toast(`The role ${name} is made`);
    onClose();
  });
  return (
    <FormDialog
      title="New role"
      submit="Make role"
      pending={make.pending}
      problem={make.problem}
      disabled={name === ''}
      onSubmit={() => {
        make.run();
      }}
      onClose={onClose}
    >
      <Field
        label="Name"
        value={name}
        onValue={setName}
        required
        autoFocus
        mono
        error={make.problem?.forField('name')}
      />
      <Field label="Description" value={description} onValue={setDescription} required={false} />
      <Field
        label="Permissions"
        value={held}
        onValue={setHeld}
        rows={6}
        mono
        error={make.problem?.forField('permissions')}
        help="One a line, such as project:read or *:read. Only what you hold yourself."
      />
    </FormDialog>
  );
}
