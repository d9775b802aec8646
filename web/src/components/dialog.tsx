import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import type { ApiProblem } from '../api/problem.ts';
import { Button } from './button.tsx';
import { ProblemBox } from './feedback.tsx';

/** A modal dialog (native `<dialog>`): Escape and the ground around it close it. */
export function Dialog({
  title,
  onClose,
  children,
  class: className,
}: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  class?: string;
}): JSX.Element {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => {
      dialog?.close();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      class={className ?? ''}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => {
        if (event.target === ref.current) onClose();
      }}
    >
      <header class="dialog-head">
        <h2 id={id}>{title}</h2>
        <Button kind="quiet" small icon="x" label="Close" onClick={onClose} />
      </header>
      {children}
    </dialog>
  );
}

/** A dialog with a form: Enter sends, problems show above the buttons, nothing typed is lost. */
export function FormDialog(props: {
  title: string;
  submit: string;
  danger?: boolean;
  pending: boolean;
  disabled?: boolean;
  problem: ApiProblem | undefined;
  onSubmit: () => void;
  onClose: () => void;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          props.onSubmit();
        }}
      >
        {props.children}
        {props.problem && <ProblemBox problem={props.problem} />}
        <footer class="dialog-foot">
          <Button onClick={props.onClose}>Keep as it is</Button>
          <Button
            type="submit"
            kind={props.danger ? 'danger' : 'primary'}
            pending={props.pending}
            disabled={props.disabled ?? false}
          >
            {props.submit}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
