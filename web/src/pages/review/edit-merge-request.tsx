import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { listBranches } from '../../api/repository.ts';
import type { ProjectRef } from '../../api/resources.ts';
import { updateMergeRequest } from '../../api/reviews.ts';
import type { MergeRequestDetail } from '../../api/types.ts';
import { useAction, useLoad } from '../../app/load.ts';
import { EditForm } from '../../components/edit-form.tsx';
import { Field } from '../../components/field.tsx';
import { textOrNull, TitleAndText } from '../../components/title-and-text.tsx';
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
  const [text, setText] = useState(mergeRequest.body ?? '');
  const body = { text, set: setText };
  const [target, setTarget] = useState(mergeRequest.targetBranch);
  const branches = useLoad(`repository/${at.owner}/${at.project}/branches`, () => listBranches(at));
  const names = (branches.data?.items ?? [])
    .map((branch) => branch.name)
    .filter((name) => name !== mergeRequest.sourceBranch && name !== mergeRequest.targetBranch);
  const save = useAction(async () => {
    await updateMergeRequest(at, mergeRequest.number, {
      title,
      body: textOrNull(body),
      ...(target === mergeRequest.targetBranch ? {} : { targetBranch: target }),
    });
    refresh();
    onClose();
  });
  return (
    <EditForm what="merge request" save={save} disabled={title.trim() === ''} onClose={onClose}>
      <TitleAndText
        at={at}
        title={{ text: title, set: setTitle }}
        body={body}
        problem={save.problem}
        onSend={save.run}
        rows={8}
      >
        {mergeRequest.status === 'open' && (
          <Field
            label="Into"
            value={target}
            onValue={setTarget}
            error={save.problem?.forField('targetBranch')}
            options={[mergeRequest.targetBranch, ...names].map((name) => [name, name] as const)}
          />
        )}
      </TitleAndText>
    </EditForm>
  );
}
