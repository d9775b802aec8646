import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { updateIssue } from '../../api/issues.ts';
import type { ProjectRef } from '../../api/resources.ts';
import type { IssueDetail } from '../../api/types.ts';
import { invalidate, useAction } from '../../app/load.ts';
import { Button } from '../../components/button.tsx';
import { ProblemBox } from '../../components/feedback.tsx';
import { Field } from '../../components/field.tsx';
import { MarkdownField } from '../../components/markdown-field.tsx';

/** Title and description, changed in place. */
export function EditIssue({
  issue,
  at,
  onClose,
}: {
  issue: IssueDetail;
  at: ProjectRef;
  onClose: () => void;
}): JSX.Element {
  const [title, setTitle] = useState(issue.title);
  const [body, setBody] = useState(issue.body ?? '');
  const save = useAction(async () => {
    await updateIssue(at, issue.number, { title, body: body.trim() === '' ? null : body });
    invalidate('issues');
    onClose();
  });
  return (
    <form
      class="stack panel remark-form"
      aria-label="Edit issue"
      onSubmit={(event) => {
        event.preventDefault();
        save.run();
      }}
    >
      <Field
        label="Title"
        value={title}
        onValue={setTitle}
        required
        autoFocus
        error={save.problem?.forField('title')}
      />
      <MarkdownField
        label="Description"
        value={body}
        onValue={setBody}
        at={at}
        rows={12}
        error={save.problem?.forField('body')}
        onSend={() => {
          save.run();
        }}
      />
      {save.problem && <ProblemBox problem={save.problem} what="Not saved" />}
      <div class="row end">
        <Button onClick={onClose}>Keep as it was</Button>
        <Button type="submit" kind="primary" pending={save.pending} disabled={title.trim() === ''}>
          Save issue
        </Button>
      </div>
    </form>
  );
}
