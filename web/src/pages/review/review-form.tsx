import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ProjectRef } from '../../api/resources.ts';
import { addReview } from '../../api/reviews.ts';
import type { MergeRequestDetail, Review } from '../../api/types.ts';
import { useDraft } from '../../app/draft.ts';
import { useAction } from '../../app/load.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { FormDialog } from '../../components/dialog.tsx';
import { MarkdownField } from '../../components/markdown-field.tsx';
import { shortSha } from '../../lib/time.ts';
import { refresh } from './threads.ts';

/** Opens the form in which one gives a verdict. */
export function ReviewButton(props: {
  mergeRequest: MergeRequestDetail;
  at: ProjectRef;
}): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button
        icon="check"
        onClick={() => {
          setOpen(true);
        }}
      >
        Review
      </Button>
      {open && (
        <ReviewDialog
          {...props}
          onClose={() => {
            setOpen(false);
          }}
        />
      )}
    </>
  );
}

const verdicts: readonly { verdict: Review['verdict']; word: string; does: string }[] = [
  { verdict: 'comment', word: 'Comment', does: 'Says something without a verdict.' },
  { verdict: 'approve', word: 'Approve', does: 'It may be merged as it is.' },
  {
    verdict: 'request_changes',
    word: 'Request changes',
    does: 'It may not be merged until you have reviewed it again.',
  },
];

function ReviewDialog({
  mergeRequest,
  at,
  onClose,
}: {
  mergeRequest: MergeRequestDetail;
  at: ProjectRef;
  onClose: () => void;
}): JSX.Element {
  // the head that was on screen when the dialog was opened: an approval is of what was seen
  const [{ headSha: seen, targetBranch }] = useState(mergeRequest);
  const mayApprove = mergeRequest.permissions.approve;
  const [verdict, setVerdict] = useState<Review['verdict']>(mayApprove ? 'approve' : 'comment');
  const body = useDraft(`review.${mergeRequest.id}`);
  const send = useAction(async () => {
    const text = body.text.trim();
    await addReview(at, mergeRequest.number, {
      verdict,
      body: text === '' ? null : text,
      commitSha: seen,
      targetBranch,
    });
    body.clear();
    refresh();
    toast(`Reviewed !${mergeRequest.number}`);
    onClose();
  });
  return (
    <FormDialog
      title={`Review !${mergeRequest.number}`}
      submit="Send review"
      pending={send.pending}
      problem={send.problem}
      disabled={verdict !== 'approve' && body.text.trim() === ''}
      onSubmit={() => {
        send.run();
      }}
      onClose={onClose}
    >
      <p class="muted">
        Of commit <code>{shortSha(seen)}</code> into <code>{targetBranch}</code>. A push makes it
        stale, as does another target.
      </p>
      {seen !== mergeRequest.headSha && (
        <p class="quiet-line">
          Commits were pushed since you opened this: your review is of the older one.
        </p>
      )}
      {targetBranch !== mergeRequest.targetBranch && (
        <p class="quiet-line">
          It goes into <code>{mergeRequest.targetBranch}</code> by now: your review is of the older
          target.
        </p>
      )}
      <fieldset class="verdicts">
        <legend class="hidden-visually">Verdict</legend>
        {verdicts.map((each) => (
          <label key={each.verdict} class="tick">
            <input
              type="radio"
              name="verdict"
              checked={verdict === each.verdict}
              disabled={each.verdict === 'approve' && !mayApprove}
              onChange={() => {
                setVerdict(each.verdict);
              }}
            />
            <span>
              <span class="strong">{each.word}</span>{' '}
              <span class="muted">
                {each.verdict === 'approve' && !mayApprove
                  ? 'Nobody approves their own work.'
                  : each.does}
              </span>
            </span>
          </label>
        ))}
      </fieldset>
      <MarkdownField
        label="Words"
        value={body.text}
        onValue={body.set}
        at={at}
        rows={5}
        error={send.problem?.forField('body')}
        onSend={() => {
          send.run();
        }}
      />
    </FormDialog>
  );
}
