import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';

/** A switch with its words beside it. */
export function CheckField({
  label,
  checked,
  onChecked,
}: {
  label: string;
  checked: boolean;
  onChecked: (checked: boolean) => void;
}): JSX.Element {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={checked}
        onChange={(event) => {
          onChecked(event.currentTarget.checked);
        }}
      />
      <span>{label}</span>
    </label>
  );
}

/** Switches that belong together. */
export function CheckGroup({
  title,
  help,
  children,
}: {
  title: string;
  help?: string;
  children: ComponentChildren;
}): JSX.Element {
  const id = useId();
  return (
    <fieldset class="checks" aria-describedby={help === undefined ? undefined : id}>
      <legend>{title}</legend>
      {children}
      {help !== undefined && (
        <p id={id} class="field-note">
          {help}
        </p>
      )}
    </fieldset>
  );
}
