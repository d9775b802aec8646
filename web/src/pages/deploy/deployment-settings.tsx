import type { JSX } from 'preact';
import { useLocation } from 'preact-iso';
import { useState } from 'preact/hooks';
import { deleteDeployment, listOpsRepos, updateDeployment } from '../../api/deployments.ts';
import type { Deployment } from '../../api/types.ts';
import { invalidate, useAction, useLoad } from '../../app/load.ts';
import { can } from '../../app/session.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { FormDialog } from '../../components/dialog.tsx';
import { Empty, ProblemBox } from '../../components/feedback.tsx';
import { Field } from '../../components/field.tsx';
import { Section } from '../../components/page.tsx';
import type { DeploymentPageProps } from './deployment-page-props.ts';
import { changesOf, type Draft, draftOf, draftProblems } from './settings-draft.ts';

/** How an environment is rolled out and from where; the way to take it down. */
export function DeploymentSettings({ deployment, may }: DeploymentPageProps): JSX.Element {
  if (!may('deploy:write')) {
    return (
      <Empty icon="lock" title="You may not change this">
        It needs deploy:write on the project. A maintainer of it can give you a role that has it.
      </Empty>
    );
  }
  return (
    <div class="stack form-page">
      <SettingsForm key={deployment.id} deployment={deployment} />
      <Removal deployment={deployment} />
    </div>
  );
}

function SettingsForm({ deployment }: { deployment: Deployment }): JSX.Element {
  const [draft, setDraft] = useState<Draft>(() => draftOf(deployment));
  const repos = useLoad(can('deploy:read') ? 'ops-repos/all' : null, (signal) =>
    listOpsRepos(signal),
  );
  const changes = changesOf(draft, deployment);
  const wrong = draftProblems(draft);
  const save = useAction(async () => {
    const saved = await updateDeployment(deployment.id, changes);
    setDraft(draftOf(saved));
    invalidate('deployments');
    toast('Saved');
  });
  const field = (name: keyof Draft) => ({
    value: draft[name],
    onValue: (value: string) => {
      setDraft((before) => ({ ...before, [name]: value }));
    },
    error: wrong[name] ?? save.problem?.forField(name),
  });
  const asksForSync = ['imageRef', 'opsRepoId', 'manifestPath', 'valuesOverride'].some(
    (name) => name in changes,
  );
  const ofRepo = deployment.opsRepo;
  const known = repos.data?.items ?? (ofRepo ? [ofRepo] : []);
  return (
    <form
      class="stack form"
      onSubmit={(event) => {
        event.preventDefault();
        save.run();
      }}
    >
      {save.problem && <ProblemBox problem={save.problem} what="Not saved" />}
      <Section title="What is deployed">
        <div class="stack">
          <Field
            label="Image"
            {...field('imageRef')}
            mono
            required
            help="The next green pipeline sets it again."
          />
          <Field
            label="Ops repository"
            {...field('opsRepoId')}
            options={[
              ['', 'None: the project’s own repository'],
              ...known.map((repo) => [repo.id, repo.name] as const),
            ]}
          />
          <Field
            label="Manifest path"
            {...field('manifestPath')}
            mono
            required={false}
            help="Folder of plain manifests, a kustomization or a chart."
          />
          <Field
            label="Values"
            {...field('valuesOverride')}
            mono
            rows={5}
            required={false}
            help="JSON, laid over values.yaml of the folder."
          />
        </div>
      </Section>
      <Section title="How it is rolled out">
        <div class="stack">
          <Field
            label="Approvals"
            {...field('approvals')}
            help={`How many people must let each rollout through; 0: none.${
              deployment.approvalsAsked > 0
                ? ` The file of what is deployed asks for ${deployment.approvalsAsked}: the larger number counts.`
                : ''
            }`}
          />
          <Field
            label="Bake, seconds"
            {...field('bakeSeconds')}
            help="How long a healthy new revision is watched before it counts as good."
          />
          <Field
            label="Health timeout, seconds"
            {...field('healthTimeoutSeconds')}
            help="A wave that is not healthy by then is undone."
          />
          <Field
            label="Self-heal"
            {...field('selfHeal')}
            options={[
              ['true', 'On: drift is set back by itself'],
              ['false', 'Off: drift is only shown'],
            ]}
          />
          <Field
            label="Prune"
            {...field('prune')}
            options={[
              ['true', 'On: what is rendered no more is removed'],
              ['false', 'Off: it stays'],
            ]}
            help="Removing more than half of what there is needs a person."
          />
        </div>
      </Section>
      <div class="row">
        <Button
          type="submit"
          kind="primary"
          pending={save.pending}
          disabled={Object.keys(changes).length === 0 || Object.keys(wrong).length > 0}
        >
          Save
        </Button>
        {asksForSync && <span class="meta">Saving rolls it out at once.</span>}
      </div>
    </form>
  );
}

function Removal({ deployment }: { deployment: Deployment }): JSX.Element {
  const { route } = useLocation();
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState('');
  const { project, environment } = deployment;
  const full = `${project.name} ${environment}`;
  const remove = useAction(async () => {
    await deleteDeployment(deployment.id);
    invalidate('deployments');
    toast(`${full} is being removed`);
    route('/deployments');
  });
  return (
    <Section title="Remove">
      <div class="danger-zone">
        <p class="grow muted">
          Everything that runs of it goes, with its history and its kept revisions. The project and
          its images stay.
        </p>
        <Button
          kind="danger"
          icon="trash"
          disabled={deployment.isDeleting}
          onClick={() => {
            setOpen(true);
          }}
        >
          Remove environment
        </Button>
      </div>
      {open && (
        <FormDialog
          title={`Remove ${full}`}
          submit="Take it down for good"
          danger
          pending={remove.pending}
          problem={remove.problem}
          disabled={typed !== full}
          onSubmit={() => {
            remove.run();
          }}
          onClose={() => {
            setOpen(false);
          }}
        >
          <p>It cannot be brought back; a new pipeline can set it up again.</p>
          <Field
            label={`Type ${full} to go on`}
            value={typed}
            onValue={setTyped}
            required
            autoFocus
            mono
          />
        </FormDialog>
      )}
    </Section>
  );
}
