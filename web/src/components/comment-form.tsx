import type { ComponentChildren, JSX } from 'preact';
import type { ProjectRef } from '../api/resources.ts';
import { useDraft } from '../app/draft.ts';
import { useAction } from '../app/load.ts';
import { Button } from './button.tsx';
import { ProblemBox } from './feedback.tsx';
import { MarkdownField } from './markdown-field.tsx';

/** A comment to write. Its text is kept in this tab until the server has it. */
export function CommentForm({
  at,
  draft,
  send,
  label = 'Comment',
  submit = 'Comment',
  rows = 5,
  autoFocus = false,
  quiet = false,
  onClose,
  aside,
}: {
  at: ProjectRef;
  /** name that the unsent text is kept under */
  draft: string;
  send: (body: string) => Promise<void>;
  label?: string;
  submit?: string;
  rows?: number;
  autoFocus?: boolean;
  /** one of several on the page: its button is not the primary one */
  quiet?: boolean;
  onClose?: () => void;
  aside?: ComponentChildren;
}): JSX.Element {
  const text = useDraft(draft);
  const action = useAction(async () => {
    if (text.text.trim() === '') return;
    await send(text.text);
    text.clear();
    onClose?.();
  });
  return (
    <form
      class="stack tight"
      onSubmit={(event) => {
        event.preventDefault();
        action.run();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && text.text === '') onClose?.();
      }}
    >
      <MarkdownField
        label={label}
        value={text.text}
        onValue={text.set}
        at={at}
        rows={rows}
        autoFocus={autoFocus}
        error={action.problem?.forField('body')}
        onSend={() => {
          action.run();
        }}
      />
      {action.problem && <ProblemBox problem={action.problem} what="Not sent" />}
      <div class="row end">
        {aside}
        {onClose && <Button onClick={onClose}>Not now</Button>}
        <Button
          type="submit"
          kind={quiet ? 'plain' : 'primary'}
          pending={action.pending}
          disabled={text.text.trim() === ''}
        >
          {submit}
        </Button>
      </div>
    </form>
  );
}
