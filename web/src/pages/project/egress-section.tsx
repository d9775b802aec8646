import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import { projectParams } from '../../api/resources.ts';
import { invalidate, useAction, useLoad } from '../../app/load.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { ProblemBox, Show } from '../../components/feedback.tsx';
import { Field } from '../../components/field.tsx';
import { Section } from '../../components/page.tsx';
import type { ProjectPageProps } from '../project-page-props.ts';

const address = '/api/v1/projects/{owner}/{project}/egress';
const kinds = [
  ['open', 'Every public address'],
  ['list', 'Only what the list names'],
] as const;

/** What steps of the project may reach over the network. */
export function EgressSection({ at, may }: Pick<ProjectPageProps, 'at' | 'may'>): JSX.Element {
  const key = `repository/${at.owner}/${at.project}/egress`;
  const loaded = useLoad(key, () => call('get', address, { path: projectParams(at) }));
  return (
    <Section title="Network of steps">
      <Show loaded={loaded} rows={2} what="The list">
        {({ allow }) => (
          <EgressForm
            key={JSON.stringify(allow)}
            at={at}
            allow={allow}
            manage={may('project:delegate')}
          />
        )}
      </Show>
    </Section>
  );
}

function EgressForm({
  at,
  allow,
  manage,
}: {
  at: ProjectPageProps['at'];
  allow: string[] | null;
  manage: boolean;
}): JSX.Element {
  const [kind, setKind] = useState<'open' | 'list'>(allow === null ? 'open' : 'list');
  const [text, setText] = useState((allow ?? []).join('\n'));
  const save = useAction(async () => {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    await call('put', address, {
      path: projectParams(at),
      body: { allow: kind === 'open' ? null : lines },
    });
    invalidate('repository');
    toast('Saved: it counts for steps that begin from now on');
  });
  if (!manage) {
    return allow === null ? (
      <p>Steps reach every public address.</p>
    ) : (
      <>
        <p>Steps reach only:</p>
        <pre>{allow.length === 0 ? 'nothing' : allow.join('\n')}</pre>
      </>
    );
  }
  return (
    <form
      class="stack form"
      onSubmit={(event) => {
        event.preventDefault();
        save.run();
      }}
    >
      {save.problem && <ProblemBox problem={save.problem} what="Not saved" />}
      <Field<'open' | 'list'>
        label="Steps may reach"
        value={kind}
        onValue={setKind}
        options={kinds}
        required
        help="This machine, private ranges and metadata addresses stay closed either way."
      />
      {kind === 'list' && (
        <Field
          label="List"
          value={text}
          onValue={setText}
          required={false}
          rows={6}
          mono
          placeholder={'registry.example.org:443\n*.example.org\n198.51.100.0/24:22'}
          help="One name, *.name, address or range a line, with ports behind a colon. An empty list closes everything."
        />
      )}
      <div class="row">
        <Button kind="primary" type="submit" pending={save.pending}>
          Save
        </Button>
      </div>
    </form>
  );
}
