import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { listBranches } from '../../api/repository.ts';
import type { ProjectRef } from '../../api/resources.ts';
import { updateMergeRequest } from '../../api/reviews.ts';
import type { MergeRequestDetail } from '../../api/types.ts';
import { useAction, useLoad } from '../../app/load.ts';
import { Button } from '../../components/button.tsx';
import { ProblemBox } from '../../components/feedback.tsx';
import { Field } from '../../components/field.tsx';
import { MarkdownField } from '../../components/markdown-field.tsx';
import { refresh } from './threads.ts';

/** Title, description and target, changed in place. */
export function EditMergeRequest({
  mergeRequest,
  at,
  onClose,
}: {
  mergeRequest: MergeRequestDetail;
  at: ProjectRef;
  onClose: () => void;
}): JSX.Element {
  const [title, setTitle] = useState(mergeRequest.title);
  const [body, setBody] = useState(mergeRequest.body ?? '');
  const [target, setTarget] = useState(mergeRequest.targetBranch);
  const branches = useLoad(`repository/${at.owner}/${at.project}/branches`, () => listBranches(at));
  const names = (branches.data?.items ?? [])
    .map((branch) => branch.name)
    .filter((name) => name !== mergeRequest.sourceBranch && name !== mergeRequest.targetBranch);
  const save = useAction(async () => {
    await updateMergeRequest(at, mergeRequest.number, {
      title,
      body: body.trim() === '' ? null : body,
      ...(target === mergeRequest.targetBranch ? {} : { targetBranch: target }),
    });
    refresh();
    onClose();
  });
  return (
    <form
      class="stack panel remark-form spaced"
      aria-label="Edit merge request"
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
      {mergeRequest.status === 'open' && (
        <Field
          label="Into"
          value={target}
          onValue={setTarget}
          error={save.problem?.forField('targetBranch')}
          options={[mergeRequest.targetBranch, ...names].map((name) => [name, name] as const)}
        />
      )}
      <MarkdownField
        label="Description"
        value={body}
        onValue={setBody}
        at={at}
        rows={8}
        error={save.problem?.forField('body')}
        onSend={() => {
          save.run();
        }}
      />
      {save.problem && <ProblemBox problem={save.problem} what="Not saved" />}
      <div class="row end">
        <Button onClick={onClose}>Keep as it was</Button>
        <Button type="submit" kind="primary" pending={save.pending} disabled={title.trim() === ''}>
          Save merge request
        </Button>
      </div>
    </form>
  );
}
