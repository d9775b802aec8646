import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import { projectParams } from '../../api/resources.ts';
import type { Member } from '../../api/types.ts';
import { invalidate, useAction, useList, useLoad } from '../../app/load.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { FormDialog } from '../../components/dialog.tsx';
import { Empty, More, Show } from '../../components/feedback.tsx';
import { Field } from '../../components/field.tsx';
import { Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import { ProjectDelegations } from './project-delegations.tsx';
import type { ProjectPageProps } from '../project-page-props.ts';

const base = '/api/v1/projects/{owner}/{project}/members';

/** Who has a role on the project. */
export function Members({ at, may }: ProjectPageProps): JSX.Element {
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Member | null>(null);
  const list = useList(`admin/members/${at.owner}/${at.project}`, (cursor) =>
    call('get', base, { path: projectParams(at), query: { cursor } }),
  );
  const manage = may('project:delegate');
  return (
    <>
      <div class="toolbar">
        <p class="muted grow">Roles on this project, besides those that people hold everywhere.</p>
        {manage && (
          <Button
            icon="plus"
            kind="primary"
            onClick={() => {
              setAdding(true);
            }}
          >
            Add member
          </Button>
        )}
      </div>
      <Show loaded={list} rows={4} what="Members">
        {(members) =>
          members.length === 0 ? (
            <Empty icon="users" title="Nobody has a role on this project alone" />
          ) : (
            <Table<Member>
              label="Members"
              rows={members}
              rowKey={(member) => member.id}
              columns={[
                {
                  title: 'Name',
                  role: 'main',
                  cell: (member) => <span class="strong">{member.userName}</span>,
                },
                { title: 'Role', cell: (member) => <span class="chip">{member.role}</span> },
                { title: 'Since', cell: (member) => <Time at={member.createdAt} /> },
                {
                  title: '~Actions',
                  role: 'end',
                  cell: (member) =>
                    manage && (
                      <Button
                        small
                        kind="quiet"
                        onClick={() => {
                          setRemoving(member);
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
      {manage && (
        <div class="project-delegations">
          <ProjectDelegations at={at} />
        </div>
      )}
      {adding && (
        <AddDialog
          at={at}
          onClose={() => {
            setAdding(false);
          }}
        />
      )}
      {removing && (
        <RemoveDialog
          at={at}
          member={removing}
          onClose={() => {
            setRemoving(null);
          }}
        />
      )}
    </>
  );
}

function AddDialog({
  at,
  onClose,
}: {
  at: ProjectPageProps['at'];
  onClose: () => void;
}): JSX.Element {
  const [user, setUser] = useState('');
  const [role, setRole] = useState('developer');
  const roles = useLoad('admin/roles', () => call('get', '/api/v1/roles'));
  const names = roles.data?.items.map((each) => each.name) ?? ['viewer', 'developer', 'maintainer'];
  const add = useAction(async () => {
    await call('post', base, { path: projectParams(at), body: { user, role } });
    invalidate('admin');
    toast(`${user} is now ${role} here`);
    onClose();
  });
  return (
    <FormDialog
      title="Add member"
      submit="Add member"
      pending={add.pending}
      problem={add.problem}
      disabled={user.trim() === ''}
      onSubmit={() => {
        add.run();
      }}
      onClose={onClose}
    >
      <Field
        label="User"
        value={user}
        onValue={setUser}
        required
        autoFocus
        error={add.problem?.forField('user')}
        help="Name of a person or an agent"
      />
      <Field
        label="Role"
        value={role}
        onValue={setRole}
        options={names.map((name) => [name, name] as const)}
        help="Nobody can give what they do not hold themselves."
      />
    </FormDialog>
  );
}

function RemoveDialog({
  at,
  member,
  onClose,
}: {
  at: ProjectPageProps['at'];
  member: Member;
  onClose: () => void;
}): JSX.Element {
  const remove = useAction(async () => {
    await call('delete', `${base}/{id}`, { path: { ...projectParams(at), id: member.id } });
    invalidate('admin');
    toast(`${member.userName} is no longer ${member.role} here`);
    onClose();
  });
  return (
    <FormDialog
      title={`Remove ${member.userName}`}
      submit="Remove member"
      danger
      pending={remove.pending}
      problem={remove.problem}
      onSubmit={() => {
        remove.run();
      }}
      onClose={onClose}
    >
      <p>
        {member.userName} loses the role <strong>{member.role}</strong> on this project at once,
        also in open sessions and tokens.
      </p>
    </FormDialog>
  );
}
