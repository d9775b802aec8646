import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { updateIssue } from '../../api/issues.ts';
import type { ProjectRef } from '../../api/resources.ts';
import type { IssueDetail } from '../../api/types.ts';
import { invalidate, useAction } from '../../app/load.ts';
import { EditForm } from '../../components/edit-form.tsx';
import { textOrNull, TitleAndText } from '../../components/title-and-text.tsx';

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
  const [text, setText] = useState(issue.body ?? '');
  const body = { text, set: setText };
  const save = useAction(async () => {
    await updateIssue(at, issue.number, { title, body: textOrNull(body) });
    invalidate('issues');
    onClose();
  });
  return (
    <EditForm what="issue" save={save} disabled={title.trim() === ''} onClose={onClose}>
      <TitleAndText
        at={at}
        title={{ text: title, set: setTitle }}
        body={body}
        problem={save.problem}
        onSend={save.run}
        rows={12}
      />
    </EditForm>
  );
}
