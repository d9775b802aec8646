import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import { projectParams } from '../../api/resources.ts';
import type { ProtectedBranch } from '../../api/types.ts';
import { invalidate, useAction, useLoad } from '../../app/load.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { FormDialog } from '../../components/dialog.tsx';
import { Empty, Show } from '../../components/feedback.tsx';
import { Field } from '../../components/field.tsx';
import { Section } from '../../components/page.tsx';
import { Table } from '../../components/table.tsx';
import type { ProjectPageProps } from './project-page-props.ts';

const base = '/api/v1/projects/{owner}/{project}/protected-branches';

/** Rules that keep branches from being pushed over, moved or deleted. */
export function ProtectedBranches({ at, may }: Pick<ProjectPageProps, 'at' | 'may'>): JSX.Element {
  const [adding, setAdding] = useState(false);
  const key = `repository/${at.owner}/${at.project}/protected`;
  const list = useLoad(key, () => call('get', base, { path: projectParams(at) }));
  const manage = may('project:delegate');
  const remove = useAction(async (rule: ProtectedBranch) => {
    await call('delete', `${base}/{id}`, { path: { ...projectParams(at), id: rule.id } });
    invalidate('repository');
    toast(`${rule.pattern} is no longer protected`);
  });
  return (
    <Section
      title="Protected branches"
      aside={
        manage && (
          <Button
            small
            icon="plus"
            onClick={() => {
              setAdding(true);
            }}
          >
            Protect
          </Button>
        )
      }
    >
      <Show loaded={list} rows={2} what="Protected branches">
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon="shield" title="No branch is protected">
              A rule refuses forced pushes and deletion, and says who may push.
            </Empty>
          ) : (
            <Table<ProtectedBranch>
              label="Protected branches"
              rows={items}
              rowKey={(rule) => rule.id}
              columns={[
                {
                  title: 'Pattern',
                  role: 'main',
                  cell: (rule) => <code class="strong">{rule.pattern}</code>,
                },
                {
                  title: 'Direct pushes',
                  cell: (rule) => (rule.allowWriters ? 'whoever may write' : 'nobody'),
                },
                {
                  title: 'Forced pushes',
                  cell: (rule) => (rule.allowForcePush ? 'allowed' : 'refused'),
                },
                { title: 'Deletion', cell: (rule) => (rule.allowDeletion ? 'allowed' : 'refused') },
                {
                  title: '~Actions',
                  role: 'end',
                  cell: (rule) =>
                    manage && (
                      <Button
                        small
                        kind="quiet"
                        pending={remove.pending}
                        onClick={() => {
                          remove.run(rule);
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
      {adding && (
        <AddDialog
          at={at}
          onClose={() => {
            setAdding(false);
          }}
        />
      )}
    </Section>
  );
}

function AddDialog({
  at,
  onClose,
}: {
  at: ProjectPageProps['at'];
  onClose: () => void;
}): JSX.Element {
  const [pattern, setPattern] = useState('main');
  const [push, setPush] = useState('writers');
  const [force, setForce] = useState('no');
  const add = useAction(async () => {
    await call('post', base, {
      path: projectParams(at),
      body: { pattern, allowWriters: push === 'writers', allowForcePush: force === 'yes' },
    });
    invalidate('repository');
    toast(`${pattern} is protected`);
    onClose();
  });
  return (
    <FormDialog
      title="Protect branches"
      submit="Protect"
      pending={add.pending}
      problem={add.problem}
      disabled={pattern.trim() === ''}
      onSubmit={() => {
        add.run();
      }}
      onClose={onClose}
    >
      <Field
        label="Pattern"
        value={pattern}
        onValue={setPattern}
        required
        autoFocus
        mono
        error={add.problem?.forField('pattern')}
        help="main, or release/* for all beneath"
      />
      <Field
        label="Direct pushes"
        value={push}
        onValue={setPush}
        options={[
          ['writers', 'Whoever may write to the project'],
          ['nobody', 'Nobody'],
        ]}
      />
      <Field
        label="Forced pushes"
        value={force}
        onValue={setForce}
        options={[
          ['no', 'Refused'],
          ['yes', 'Allowed'],
        ]}
      />
    </FormDialog>
  );
}
