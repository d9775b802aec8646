import type { JSX } from 'preact';
import { useLocation } from 'preact-iso';
import { useState } from 'preact/hooks';
import { createIssue } from '../../api/issues.ts';
import { useCrumbs } from '../../app/breadcrumb.tsx';
import { useDraft } from '../../app/draft.ts';
import { invalidate, useAction } from '../../app/load.ts';
import { projectPath } from '../../app/location.ts';
import { Button } from '../../components/button.tsx';
import { ProblemBox } from '../../components/feedback.tsx';
import { Field } from '../../components/field.tsx';
import { MarkdownField } from '../../components/markdown-field.tsx';
import type { ProjectPageProps } from '../project/project-page-props.ts';
import { AssigneeField, IssueLabels } from './issue-form.tsx';
import { issuePath } from './issue-row.tsx';

/** Opens an issue. What was typed is kept until it is opened, whatever happens in between. */
export function NewIssue({ at }: ProjectPageProps): JSX.Element {
  const { route } = useLocation();
  const place = `issue.${at.owner}/${at.project}`;
  const title = useDraft(`${place}.title`);
  const body = useDraft(`${place}.body`);
  const [labels, setLabels] = useState<string[]>([]);
  const [assignee, setAssignee] = useState('');
  const list = projectPath(at.owner, at.project, '/issues');
  useCrumbs([
    { text: `${at.owner}/${at.project}`, href: projectPath(at.owner, at.project) },
    { text: 'Issues', href: list },
    { text: 'New issue', href: `${list}/new` },
  ]);
  const create = useAction(async () => {
    const issue = await createIssue(at, {
      title: title.text,
      body: body.text.trim() === '' ? null : body.text,
      labels,
      assignee: assignee === '' ? null : assignee,
    });
    title.clear();
    body.clear();
    invalidate('issues');
    route(issuePath(at, issue.number));
  });
  const { problem } = create;
  return (
    <form
      class="columns"
      aria-label="New issue"
      onSubmit={(event) => {
        event.preventDefault();
        create.run();
      }}
    >
      <div class="stack">
        <h2>New issue</h2>
        {problem && <ProblemBox problem={problem} what="Not opened" />}
        <Field
          label="Title"
          value={title.text}
          onValue={title.set}
          required
          autoFocus
          error={problem?.forField('title')}
        />
        <MarkdownField
          label="Description"
          value={body.text}
          onValue={body.set}
          at={at}
          rows={12}
          error={problem?.forField('body')}
          onSend={() => {
            create.run();
          }}
        />
        <div class="row">
          <Button
            type="submit"
            kind="primary"
            pending={create.pending}
            disabled={title.text.trim() === ''}
          >
            Open issue
          </Button>
          <a href={list}>Back to issues</a>
        </div>
      </div>
      <div class="stack">
        <AssigneeField at={at} value={assignee} onValue={setAssignee} problem={problem} />
        <IssueLabels at={at} labels={labels} onLabels={setLabels} problem={problem} />
      </div>
    </form>
  );
}
