import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import { projectParams } from '../../api/resources.ts';
import type { Delegation } from '../../api/types.ts';
import { invalidate, useAction, useList } from '../../app/load.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { FormDialog } from '../../components/dialog.tsx';
import { Empty, More, Show } from '../../components/feedback.tsx';
import { Section } from '../../components/page.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import type { ProjectPageProps } from '../project-page-props.ts';

const base = '/api/v1/projects/{owner}/{project}/delegations';

/** What anybody delegated of the project's permissions, and the way to take it back: for those who answer for its access. */
export function ProjectDelegations({ at }: Pick<ProjectPageProps, 'at'>): JSX.Element {
  const [taking, setTaking] = useState<Delegation | null>(null);
  const list = useList(`admin/project-delegations/${at.owner}/${at.project}`, (cursor) =>
    call('get', base, { path: projectParams(at), query: { cursor } }),
  );
  return (
    <Section title="Delegated">
      <p class="muted drift-note">
        Single permissions on this project that were delegated to agents and people. Only members
        who may manage access delegate them; agents delegate nothing.
      </p>
      <Show loaded={list} rows={2} what="Delegations">
        {(rows) =>
          rows.length === 0 ? (
            <Empty icon="bot" title="Nothing of this project is delegated">
              Whatever anybody delegates of it shows here, and can be taken back here.
            </Empty>
          ) : (
            <Table<Delegation>
              label="Delegated"
              rows={rows}
              rowKey={(each) => each.id}
              columns={[...columns, takeBack(setTaking)]}
            />
          )
        }
      </Show>
      <More list={list} />
      {taking && (
        <TakeBack
          at={at}
          delegation={taking}
          onClose={() => {
            setTaking(null);
          }}
        />
      )}
    </Section>
  );
}

const columns: readonly Column<Delegation>[] = [
  { title: 'To', role: 'main', cell: (each) => <span class="strong">{each.delegateName}</span> },
  { title: 'Permission', cell: (each) => <code class="chip">{each.permission}</code> },
  { title: 'From', cell: (each) => each.delegatorName },
  {
    title: 'Until',
    cell: (each) => (each.expiresAt ? <Time at={each.expiresAt} /> : 'taken back by hand'),
  },
  { title: 'Why', cell: (each) => <span class="muted">{each.reason ?? ''}</span> },
];

const takeBack = (onTake: (delegation: Delegation) => void): Column<Delegation> => ({
  title: '~Actions',
  role: 'end',
  cell: (each) => (
    <Button
      small
      kind="quiet"
      onClick={() => {
        onTake(each);
      }}
    >
      Take back
    </Button>
  ),
});

function TakeBack({
  at,
  delegation,
  onClose,
}: {
  at: ProjectPageProps['at'];
  delegation: Delegation;
  onClose: () => void;
}): JSX.Element {
  const { id, delegateName, delegatorName, permission } = delegation;
  const take = useAction(async () => {
    await call('delete', `${base}/{id}`, { path: { ...projectParams(at), id } });
    invalidate('admin');
    toast(`${delegateName} no longer has ${permission} here`);
    onClose();
  });
  return (
    <FormDialog
      title={`Take back ${permission}`}
      submit="Take back"
      danger
      pending={take.pending}
      problem={take.problem}
      onSubmit={() => {
        take.run();
      }}
      onClose={onClose}
    >
      <p>
        {delegateName} loses <strong>{permission}</strong> on this project at once, as{' '}
        {delegatorName} gave it, and with it whoever has it from {delegateName}.
      </p>
    </FormDialog>
  );
}
