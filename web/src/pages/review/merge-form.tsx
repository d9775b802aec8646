import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ProjectRef } from '../../api/resources.ts';
import { enableAutoMerge, merge } from '../../api/reviews.ts';
import type { Mergeability, MergeRequestDetail, MergeStyle } from '../../api/types.ts';
import { invalidate, useAction } from '../../app/load.ts';
import { Button } from '../../components/button.tsx';
import { ProblemBox } from '../../components/feedback.tsx';
import { Field } from '../../components/field.tsx';
import { styleWords } from './review-words.tsx';
import { refresh } from './threads.ts';

const makesCommit: readonly MergeStyle[] = ['merge', 'rebase-merge', 'squash'];

/** How it is merged, and the button: now when all rules have passed, else by itself as soon as they do. */
export function MergeForm({
  mergeRequest,
  at,
  rules,
  onStyle,
}: {
  mergeRequest: MergeRequestDetail;
  at: ProjectRef;
  rules: Mergeability;
  /** rules differ by style */
  onStyle: (style: MergeStyle) => void;
}): JSX.Element | null {
  const { allowed, preferred } = mergeRequest.styles;
  const [picked, setStyle] = useState<MergeStyle>();
  const style = picked ?? rules.style ?? preferred;
  const [deleteSource, setDeleteSource] = useState(false);
  const [message, setMessage] = useState('');
  const run = useAction(async () => {
    if (style === null) return;
    const { headSha } = mergeRequest;
    if (rules.mergeable) {
      const words = makesCommit.includes(style) && message.trim() !== '' ? { message } : {};
      await merge(at, mergeRequest.number, { style, deleteSource, headSha, ...words });
      invalidate('issues');
      invalidate('repository');
    } else await enableAutoMerge(at, mergeRequest.number, { style, deleteSource, headSha });
    refresh();
  });
  if (style === null) return null;
  const canWait = rules.rules.every(
    (rule) =>
      rule.state !== 'missing' || /^(check:|approvals|code_owners|changes_|draft$)/.test(rule.rule),
  );
  return (
    <form
      class="merge-form"
      aria-label="Merge"
      onSubmit={(event) => {
        event.preventDefault();
        run.run();
      }}
    >
      {run.problem && <ProblemBox problem={run.problem} what="Not merged" />}
      <div class="merge-choices">
        <Field
          label="How"
          value={style}
          onValue={(value) => {
            setStyle(value);
            onStyle(value);
          }}
          help={styleWords[style].does}
          options={allowed.map((each) => [each, styleWords[each].word] as const)}
        />
        <label class="tick">
          <input
            type="checkbox"
            checked={deleteSource}
            onChange={(event) => {
              setDeleteSource(event.currentTarget.checked);
            }}
          />
          <span>
            Delete <code>{mergeRequest.sourceBranch}</code> afterwards
          </span>
        </label>
      </div>
      {rules.mergeable && makesCommit.includes(style) && (
        <details>
          <summary>Write the commit message</summary>
          <Field
            label="Commit message"
            value={message}
            onValue={setMessage}
            required={false}
            rows={4}
            mono
            help="Left empty, Slipway writes one from the title and the commits."
          />
        </details>
      )}
      <div class="row">
        <Button
          type="submit"
          kind={rules.mergeable ? 'primary' : 'plain'}
          icon="merge"
          pending={run.pending}
          disabled={!rules.mergeable && !canWait}
          title={
            rules.mergeable ? undefined : 'Merged by itself, in your name, when all rules pass'
          }
        >
          {rules.mergeable ? 'Merge' : 'Merge when all rules pass'}
        </Button>
        {!rules.mergeable && !canWait && (
          <span class="meta">Mend what is missing above first.</span>
        )}
      </div>
    </form>
  );
}
