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
import { textOrNull, TitleAndText } from '../../components/title-and-text.tsx';
import type { ProjectPageProps } from '../project-page-props.ts';
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
      body: textOrNull(body),
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
        <TitleAndText
          at={at}
          title={title}
          body={body}
          problem={problem}
          onSend={create.run}
          rows={12}
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
