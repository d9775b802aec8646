import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import { listSecrets, projectParams } from '../../api/resources.ts';
import type { Secret } from '../../api/types.ts';
import { invalidate, useAction, useList } from '../../app/load.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { CheckField, CheckGroup } from '../../components/check-field.tsx';
import { FormDialog } from '../../components/dialog.tsx';
import { Empty, More, Show } from '../../components/feedback.tsx';
import { Field } from '../../components/field.tsx';
import { Icon } from '../../components/icon.tsx';
import { Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import type { ProjectPageProps } from '../project-page-props.ts';

const one = '/api/v1/projects/{owner}/{project}/secrets/{name}';

type Open = { kind: 'new' } | { kind: 'set' | 'delete'; secret: Secret } | null;

/** Secrets of a project. Values go in and never come out: what is shown is when and by whom they were set. */
export function Secrets({ at, may }: ProjectPageProps): JSX.Element {
  const [open, setOpen] = useState<Open>(null);
  const list = useList(`secrets/${at.owner}/${at.project}`, (cursor) => listSecrets(at, cursor));
  const close = (): void => {
    setOpen(null);
  };
  return (
    <>
      <div class="toolbar">
        <p class="muted grow">
          Given to steps that name them, masked in logs. A value cannot be read back, only replaced.
          A run gets them when everybody who asked for it, and whose commits it runs, may read
          secrets, or when it is of a protected branch that was reached by its rules.
        </p>
        {may('secret:write') && (
          <Button
            icon="plus"
            kind="primary"
            onClick={() => {
              setOpen({ kind: 'new' });
            }}
          >
            New secret
          </Button>
        )}
      </div>
      <Show loaded={list} rows={4} what="Secrets">
        {(secrets) =>
          secrets.length === 0 ? (
            <Empty icon="key" title="No secrets">
              Add one, then name it in a step: <code>secrets: [NPM_TOKEN]</code>
            </Empty>
          ) : (
            <SecretTable secrets={secrets} may={may} onOpen={setOpen} />
          )
        }
      </Show>
      <More list={list} />
      {open?.kind === 'new' && <SetDialog at={at} secret={null} onClose={close} />}
      {open?.kind === 'set' && <SetDialog at={at} secret={open.secret} onClose={close} />}
      {open?.kind === 'delete' && <DeleteDialog at={at} secret={open.secret} onClose={close} />}
    </>
  );
}

function SecretTable({
  secrets,
  may,
  onOpen,
}: {
  secrets: readonly Secret[];
  may: (permission: string) => boolean;
  onOpen: (open: Open) => void;
}): JSX.Element {
  return (
    <Table<Secret>
      label="Secrets"
      rows={secrets}
      rowKey={(secret) => secret.id}
      columns={[
        {
          title: 'Name',
          role: 'main',
          cell: (secret) => (
            <span class="row">
              <code class="strong">{secret.name}</code>
              {secret.isProtected && (
                <span class="chip" title="Only for runs of protected branches">
                  <Icon name="shield" size={12} /> protected
                </span>
              )}
            </span>
          ),
        },
        {
          title: 'For',
          cell: (secret) => {
            const scope = secret.scope === 'all' ? 'everything' : `${secret.scope}s`;
            return secret.environment === null ? scope : `${scope}, in ${secret.environment} only`;
          },
        },
        { title: 'Version', cell: (secret) => <span class="num">{secret.version}</span> },
        { title: 'Set', cell: (secret) => <Time at={secret.updatedAt} /> },
        {
          title: '~Actions',
          role: 'end',
          cell: (secret) => (
            <span class="row end">
              {may('secret:write') && (
                <Button
                  small
                  kind="quiet"
                  onClick={() => {
                    onOpen({ kind: 'set', secret });
                  }}
                >
                  Replace
                </Button>
              )}
              {may('secret:delete') && (
                <Button
                  small
                  kind="quiet"
                  icon="trash"
                  label={`Delete ${secret.name}`}
                  onClick={() => {
                    onOpen({ kind: 'delete', secret });
                  }}
                />
              )}
            </span>
          ),
        },
      ]}
    />
  );
}

function SetDialog({
  at,
  secret,
  onClose,
}: {
  at: ProjectPageProps['at'];
  secret: Secret | null;
  onClose: () => void;
}): JSX.Element {
  const [name, setName] = useState(secret?.name ?? '');
  const [value, setValue] = useState('');
  const [scope, setScope] = useState(secret?.scope ?? 'pipeline');
  const [isProtected, setProtected] = useState(secret?.isProtected ?? false);
  const save = useAction(async () => {
    await (secret
      ? call('put', one, {
          path: { ...projectParams(at), name },
          body: { value, scope, isProtected },
        })
      : call('post', '/api/v1/projects/{owner}/{project}/secrets', {
          path: projectParams(at),
          body: { name, value, scope, isProtected },
        }));
    invalidate('secrets');
    toast(`${name} is set`);
    onClose();
  });
  return (
    <FormDialog
      title={secret ? `Replace ${secret.name}` : 'New secret'}
      submit={secret ? 'Replace the value' : 'Save secret'}
      pending={save.pending}
      problem={save.problem}
      disabled={name === '' || value === ''}
      onSubmit={() => {
        save.run();
      }}
      onClose={onClose}
    >
      {!secret && (
        <Field
          label="Name"
          value={name}
          onValue={setName}
          required
          autoFocus
          mono
          error={save.problem?.forField('name')}
          help="Letters, digits and _, such as NPM_TOKEN"
        />
      )}
      <Field
        label="Value"
        value={value}
        onValue={setValue}
        rows={4}
        required
        mono
        autoFocus={secret !== null}
        error={save.problem?.forField('value')}
        help="Encrypted as it is stored. Nobody can read it here again."
      />
      <Field
        label="For"
        value={scope}
        onValue={setScope}
        options={[
          ['pipeline', 'Pipelines'],
          ['agent', 'Agents'],
          ['deploy', 'Deployments'],
          ['all', 'Everything'],
        ]}
      />
      <CheckGroup
        title="Where"
        help="A protected secret is refused to every other branch, to merge requests and to previews, whoever pushed them. A branch is reached by its rules when whoever pushed is named in them, or the merge had the approvals that they require."
      >
        <CheckField
          label="Only runs of protected branches that were reached by their rules"
          checked={isProtected}
          onChecked={setProtected}
        />
      </CheckGroup>
    </FormDialog>
  );
}

function DeleteDialog({
  at,
  secret,
  onClose,
}: {
  at: ProjectPageProps['at'];
  secret: Secret;
  onClose: () => void;
}): JSX.Element {
  const remove = useAction(async () => {
    await call('delete', one, { path: { ...projectParams(at), name: secret.name } });
    invalidate('secrets');
    toast(`${secret.name} is deleted`);
    onClose();
  });
  return (
    <FormDialog
      title={`Delete ${secret.name}`}
      submit={`Delete ${secret.name}`}
      danger
      pending={remove.pending}
      problem={remove.problem}
      onSubmit={() => {
        remove.run();
      }}
      onClose={onClose}
    >
      <p>All {secret.version} versions of its value go. Steps that name it will fail.</p>
    </FormDialog>
  );
}
