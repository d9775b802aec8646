import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import {
  createOpsRepo,
  deleteOpsRepo,
  listOpsRepos,
  updateOpsRepo,
} from '../../api/deployments.ts';
import type { OpsRepo } from '../../api/types.ts';
import { invalidate, useAction, useLoad } from '../../app/load.ts';
import { can } from '../../app/session.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { FormDialog } from '../../components/dialog.tsx';
import { Empty, Show } from '../../components/feedback.tsx';
import { Field } from '../../components/field.tsx';
import { PageHead } from '../../components/page.tsx';
import { Table } from '../../components/table.tsx';
import { Fetched, FetchNow } from './ops-repo-fetch.tsx';

/** Repositories of manifests that the deployer follows. */
export function OpsRepos(): JSX.Element {
  const list = useLoad('ops-repos/all', (signal) => listOpsRepos(signal));
  const [asked, setAsked] = useState<{ edit: OpsRepo | null } | { remove: OpsRepo } | null>(null);
  const may = can('deploy:write');
  const close = (): void => {
    setAsked(null);
  };
  const add = may && (
    <Button
      kind="primary"
      icon="plus"
      onClick={() => {
        setAsked({ edit: null });
      }}
    >
      New ops repository
    </Button>
  );
  return (
    <>
      <PageHead
        title="Ops repositories"
        documentTitle="Ops repositories"
        state="A push to one that is hosted here syncs at once; one that lies elsewhere is fetched at its interval."
        actions={add}
      />
      <Show loaded={list} rows={4} what="Ops repositories">
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon="branch" title="No ops repository">
              A deployment reads its manifests from its project’s own repository, unless it names an
              ops repository.{' '}
              {may
                ? 'Add one to keep manifests of many projects in one place.'
                : 'Whoever holds deploy:write everywhere can add one.'}
            </Empty>
          ) : (
            <OpsRepoTable
              items={items}
              may={may}
              onEdit={(edit) => {
                setAsked({ edit });
              }}
              onRemove={(remove) => {
                setAsked({ remove });
              }}
            />
          )
        }
      </Show>
      {asked && 'edit' in asked && <EditDialog repo={asked.edit} onClose={close} />}
      {asked && 'remove' in asked && <RemoveDialog repo={asked.remove} onClose={close} />}
    </>
  );
}

function OpsRepoTable({
  items,
  may,
  onEdit,
  onRemove,
}: {
  items: readonly OpsRepo[];
  may: boolean;
  onEdit: (repo: OpsRepo) => void;
  onRemove: (repo: OpsRepo) => void;
}): JSX.Element {
  return (
    <Table<OpsRepo>
      label="Ops repositories"
      rows={items}
      rowKey={(repo) => repo.id}
      columns={[
        { title: 'Name', role: 'main', cell: (repo) => <span class="strong">{repo.name}</span> },
        {
          title: 'Address',
          width: '28%',
          cell: (repo) => (
            <code class="truncate block" title={repo.repoUrl}>
              {repo.repoUrl}
            </code>
          ),
        },
        { title: 'Head', width: '24%', cell: (repo) => <Fetched repo={repo} /> },
        { title: 'Branch', cell: (repo) => <code>{repo.branch}</code> },
        { title: 'Path', cell: (repo) => <code>{repo.path}</code> },
        { title: 'Every', cell: (repo) => <span class="num">{repo.syncIntervalS} s</span> },
        { title: 'Used by', cell: (repo) => <span class="num">{repo.deployments}</span> },
        {
          title: '~Actions',
          role: 'end',
          cell: (repo) =>
            may && (
              <span class="row end">
                {repo.kind === 'foreign' && <FetchNow repo={repo} />}
                <Button
                  kind="quiet"
                  small
                  icon="settings"
                  label={`Change ${repo.name}`}
                  onClick={() => {
                    onEdit(repo);
                  }}
                />
                <Button
                  kind="quiet"
                  small
                  icon="trash"
                  label={
                    repo.deployments > 0
                      ? `${repo.name} is used and cannot be removed`
                      : `Remove ${repo.name}`
                  }
                  disabled={repo.deployments > 0}
                  onClick={() => {
                    onRemove(repo);
                  }}
                />
              </span>
            ),
        },
      ]}
    />
  );
}

function EditDialog({ repo, onClose }: { repo: OpsRepo | null; onClose: () => void }): JSX.Element {
  const [form, setForm] = useState({
    name: repo?.name ?? '',
    repoUrl: repo?.repoUrl ?? '',
    branch: repo?.branch ?? 'main',
    path: repo?.path ?? '/',
    interval: String(repo?.syncIntervalS ?? 60),
    credential: repo?.credentialSecret ?? '',
  });
  const isForeign = /^https?:/i.test(form.repoUrl.trim());
  const set = (key: keyof typeof form) => (value: string) => {
    setForm((before) => ({ ...before, [key]: value }));
  };
  const save = useAction(async () => {
    const { interval, credential, ...rest } = form;
    const credentialSecret = isForeign && credential !== '' ? credential : null;
    const body = { ...rest, credentialSecret, syncIntervalS: Number(interval) };
    await (repo ? updateOpsRepo(repo.id, body) : createOpsRepo(body));
    invalidate('ops-repos');
    toast(repo ? 'Saved' : `${form.name} is followed`);
    onClose();
  });
  const errorOf = (name: string): string | undefined => save.problem?.forField(name);
  return (
    <FormDialog
      title={repo ? `Change ${repo.name}` : 'New ops repository'}
      submit={repo ? 'Save' : 'Follow it'}
      pending={save.pending}
      problem={save.problem}
      disabled={form.name === '' || form.repoUrl === '' || !/^\d+$/.test(form.interval)}
      onSubmit={() => {
        save.run();
      }}
      onClose={onClose}
    >
      <Field
        label="Name"
        value={form.name}
        onValue={set('name')}
        required
        mono
        autoFocus
        error={errorOf('name')}
      />
      <Field
        label="Address"
        value={form.repoUrl}
        onValue={set('repoUrl')}
        required
        mono
        error={errorOf('repoUrl')}
        help="/owner/project.git of a project that is hosted here, or https://… of a repository elsewhere."
      />
      {isForeign && (
        <Field
          label="Credential"
          value={form.credential}
          onValue={set('credential')}
          required={false}
          mono
          error={errorOf('credentialSecret')}
          help="Name of a global secret of scope deploy or all that holds user:token, or a token. Leave it out where everybody may read."
        />
      )}
      <Field
        label="Branch"
        value={form.branch}
        onValue={set('branch')}
        required
        mono
        error={errorOf('branch')}
      />
      <Field
        label="Path"
        value={form.path}
        onValue={set('path')}
        required
        mono
        error={errorOf('path')}
        help="Folder in it where applications lie; / is all of it."
      />
      <Field
        label="Ask for changes every … seconds"
        value={form.interval}
        onValue={set('interval')}
        required
        error={errorOf('syncIntervalS')}
        help="5 to 86400. The safety net for what no push tells of."
      />
    </FormDialog>
  );
}

function RemoveDialog({ repo, onClose }: { repo: OpsRepo; onClose: () => void }): JSX.Element {
  const remove = useAction(async () => {
    await deleteOpsRepo(repo.id);
    invalidate('ops-repos');
    toast(`${repo.name} is followed no longer`);
    onClose();
  });
  return (
    <FormDialog
      title={`Remove ${repo.name}`}
      submit="Follow it no longer"
      danger
      pending={remove.pending}
      problem={remove.problem}
      onSubmit={() => {
        remove.run();
      }}
      onClose={onClose}
    >
      <p class="muted">
        The repository itself stays as it is. Revisions that were rendered from it are kept.
      </p>
    </FormDialog>
  );
}
