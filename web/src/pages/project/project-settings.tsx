import type { JSX } from 'preact';
import { useLocation } from 'preact-iso';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import { projectParams } from '../../api/resources.ts';
import type { Project } from '../../api/types.ts';
import { invalidate, useAction } from '../../app/load.ts';
import { projectPath } from '../../app/location.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { FormDialog } from '../../components/dialog.tsx';
import { ProblemBox } from '../../components/feedback.tsx';
import { Field } from '../../components/field.tsx';
import { Section } from '../../components/page.tsx';
import { EgressSection } from './egress-section.tsx';
import type { ProjectPageProps } from '../project-page-props.ts';
import { ProtectedBranches } from './protected-branches.tsx';

const one = '/api/v1/projects/{owner}/{project}';

/** What a project is called and who sees it; which branches are protected; the way to delete it. */
export function ProjectSettings({ project, at, may }: ProjectPageProps): JSX.Element {
  return (
    <div class="stack form-page">
      <General project={project} at={at} may={may} />
      <ProtectedBranches at={at} may={may} />
      <EgressSection at={at} may={may} />
      {may('project:delete') && <DangerZone project={project} at={at} />}
    </div>
  );
}

function General({
  project,
  at,
  may,
}: Pick<ProjectPageProps, 'project' | 'at' | 'may'>): JSX.Element {
  const [displayName, setDisplayName] = useState(project.displayName ?? '');
  const [description, setDescription] = useState(project.description ?? '');
  const [visibility, setVisibility] = useState(project.visibility);
  const [defaultBranch, setDefaultBranch] = useState(project.defaultBranch);
  const mayName = may('project:delegate') && (may('deploy:write') || may('deploy:promote'));
  const save = useAction(async () => {
    await call('patch', one, {
      path: projectParams(at),
      body: {
        displayName: displayName || null,
        description: description || null,
        // Who may not change it must not send it either.
        ...(visibility === project.visibility ? {} : { visibility }),
        ...(defaultBranch === project.defaultBranch ? {} : { defaultBranch }),
      },
    });
    invalidate('projects');
    invalidate('repository');
    toast('Saved');
  });
  return (
    <Section title="General">
      <form
        class="stack form"
        onSubmit={(event) => {
          event.preventDefault();
          save.run();
        }}
      >
        {save.problem && <ProblemBox problem={save.problem} what="Not saved" />}
        <Field
          label="Title"
          value={displayName}
          onValue={setDisplayName}
          required={false}
          error={save.problem?.forField('displayName')}
        />
        <Field
          label="Description"
          value={description}
          onValue={setDescription}
          required={false}
          error={save.problem?.forField('description')}
        />
        <Field
          label="Default branch"
          value={defaultBranch}
          onValue={setDefaultBranch}
          mono
          help={mayName ? undefined : 'Changed by members with project:delegate who may deploy.'}
          error={save.problem?.forField('defaultBranch')}
        />
        <Field
          label="Who may see it"
          value={visibility}
          onValue={setVisibility}
          options={[
            ['private', 'Private: members only'],
            ['internal', 'Internal: everyone who can sign in'],
            ['public', 'Public: everyone who can reach this address'],
          ]}
          help={may('project:delegate') ? undefined : 'Changed by members with project:delegate.'}
          error={visibility === project.visibility ? undefined : save.problem?.detail}
        />
        <div class="row">
          <Button type="submit" kind="primary" pending={save.pending}>
            Save
          </Button>
        </div>
      </form>
    </Section>
  );
}

function DangerZone({
  project,
  at,
}: {
  project: Project;
  at: ProjectPageProps['at'];
}): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <Section title="Delete">
      <div class="danger-zone">
        <p class="grow muted">
          The repository, its pipelines, logs, artifacts and secrets go for good. Audit entries
          stay.
        </p>
        <Button
          kind="danger"
          icon="trash"
          onClick={() => {
            setOpen(true);
          }}
        >
          Delete project
        </Button>
      </div>
      {open && (
        <DeleteDialog
          project={project}
          at={at}
          onClose={() => {
            setOpen(false);
          }}
        />
      )}
    </Section>
  );
}

function DeleteDialog({
  project,
  at,
  onClose,
}: {
  project: Project;
  at: ProjectPageProps['at'];
  onClose: () => void;
}): JSX.Element {
  const { route } = useLocation();
  const [typed, setTyped] = useState('');
  const full = `${at.owner}/${at.project}`;
  const remove = useAction(async () => {
    await call('delete', one, { path: projectParams(at) });
    onClose();
    route('/projects');
    invalidate('projects');
    toast(`${full} is deleted`);
  });
  return (
    <FormDialog
      title={`Delete ${project.displayName ?? full}`}
      submit="Delete for good"
      danger
      pending={remove.pending}
      problem={remove.problem}
      disabled={typed !== full}
      onSubmit={() => {
        remove.run();
      }}
      onClose={onClose}
    >
      <p>Everything in it goes and cannot be brought back.</p>
      <Field
        label={`Type ${full} to go on`}
        value={typed}
        onValue={setTyped}
        required
        autoFocus
        mono
      />
      {remove.problem?.code === 'conflict' && (
        <p>
          <a href={projectPath(at.owner, at.project, '/deployments')}>Deployments of {full}</a>:
          each is removed on its own page.
        </p>
      )}
    </FormDialog>
  );
}
