import type { JSX } from 'preact';
import { useLocation } from 'preact-iso';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import type { Visibility } from '../../api/types.ts';
import { invalidate, useAction } from '../../app/load.ts';
import { projectPath } from '../../app/location.ts';
import { myName } from '../../app/session.ts';
import { Button } from '../../components/button.tsx';
import { ProblemBox } from '../../components/feedback.tsx';
import { Field } from '../../components/field.tsx';
import { PageHead } from '../../components/page.tsx';

/** Makes a project with an empty repository. */
export function NewProject(): JSX.Element {
  const { route } = useLocation();
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [visibility, setVisibility] = useState<Visibility>('private');
  const create = useAction(async () => {
    const project = await call('post', '/api/v1/projects', {
      body: { name, visibility, ...(description === '' ? {} : { description }) },
    });
    invalidate('projects');
    route(projectPath(project.owner.name, project.name));
  });
  return (
    <>
      <PageHead
        title="New project"
        documentTitle="New project"
        state="A git repository with pipelines, secrets and members."
      />
      <form
        class="stack form"
        onSubmit={(event) => {
          event.preventDefault();
          create.run();
        }}
      >
        {create.problem && <ProblemBox problem={create.problem} what="Not created" />}
        <Field
          label="Name"
          value={name}
          onValue={setName}
          required
          autoFocus
          mono
          error={create.problem?.forField('name')}
          help={`Lower-case letters, digits, “.”, “_” and “-”. Address: ${location.origin}/${myName.value}/${name || 'name'}.git`}
        />
        <Field
          label="Description"
          value={description}
          onValue={setDescription}
          required={false}
          error={create.problem?.forField('description')}
        />
        <Field
          label="Who may see it"
          value={visibility}
          onValue={(value) => {
            setVisibility(value as Visibility);
          }}
          options={[
            ['private', 'Private: members only'],
            ['internal', 'Internal: everyone who can sign in'],
            ['public', 'Public: everyone who can reach this address'],
          ]}
        />
        <div class="row">
          <Button type="submit" kind="primary" pending={create.pending}>
            Create project
          </Button>
          <a href="/projects">Back to projects</a>
        </div>
      </form>
    </>
  );
}
