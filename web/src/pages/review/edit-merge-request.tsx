import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ProjectRef } from '../../api/resources.ts';
import { updateMergeRequest } from '../../api/reviews.ts';
import type { MergeRequestDetail } from '../../api/types.ts';
import { useAction } from '../../app/load.ts';
import { EditForm } from '../../components/edit-form.tsx';
import { RefPicker } from '../../components/ref-picker.tsx';
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
          <RefPicker
            label="Into"
            at={at}
            value={target}
            onValue={setTarget}
            except={mergeRequest.sourceBranch}
            error={save.problem?.forField('targetBranch')}
          />
        )}
      </TitleAndText>
    </EditForm>
  );
}
