import type { ComponentChildren, JSX } from 'preact';
import type { ApiProblem } from '../api/problem.ts';
import { Button } from './button.tsx';
import { ProblemBox } from './feedback.tsx';

/** A form that takes the place of what it changes: save, or keep it as it was. */
export function EditForm({
  what,
  save,
  disabled,
  onClose,
  children,
}: {
  /** `issue`, `merge request` */
  what: string;
  save: { pending: boolean; problem: ApiProblem | undefined; run: () => void };
  disabled: boolean;
  onClose: () => void;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <form
      class="stack panel remark-form spaced"
      aria-label={`Edit ${what}`}
      onSubmit={(event) => {
        event.preventDefault();
        save.run();
      }}
    >
      {children}
      {save.problem && <ProblemBox problem={save.problem} what="Not saved" />}
      <div class="row end">
        <Button onClick={onClose}>Keep as it was</Button>
        <Button type="submit" kind="primary" pending={save.pending} disabled={disabled}>
          Save {what}
        </Button>
      </div>
    </form>
  );
}
