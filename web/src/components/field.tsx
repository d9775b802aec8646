import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';

interface FieldProps<T extends string> {
  label: string;
  value: T;
  onValue: (value: T) => void;
  help?: ComponentChildren;
  error?: string | undefined;
  type?: 'text' | 'password' | 'email' | 'search' | 'date';
  placeholder?: string;
  required?: boolean;
  autoFocus?: boolean;
  autoComplete?: string;
  mono?: boolean;
  rows?: number;
  /** makes it a choice of `[value, word]` */
  options?: readonly (readonly [T, string])[];
}

/** A labelled input, text area or choice: label above, help below, the error at the field. */
export function Field<T extends string>(props: FieldProps<T>): JSX.Element {
  const id = useId();
  const note = props.error ?? props.help;
  const shared = {
    id,
    value: props.value,
    required: props.required ?? false,
    'aria-invalid': props.error ? true : undefined,
    'aria-describedby': note ? `${id}-note` : undefined,
    class: props.mono ? 'input mono' : 'input',
    autoFocus: props.autoFocus ?? false,
    onInput: (event: { currentTarget: { value: string } }) => {
      // a choice gives one of its options, any other field has no narrower type than string
      props.onValue(event.currentTarget.value as T);
    },
  } as const;
  return (
    <div class={`field ${props.error ? 'invalid' : ''}`}>
      <label for={id}>
        {props.label}
        {props.required === false && <span class="meta"> optional</span>}
      </label>
      {props.options ? (
        <select {...shared}>
          {props.options.map(([value, word]) => (
            <option key={value} value={value}>
              {word}
            </option>
          ))}
        </select>
      ) : props.rows ? (
        <textarea
          {...shared}
          rows={props.rows}
          placeholder={props.placeholder}
          spellcheck={false}
        />
      ) : (
        <input {...inputOf(props)} {...shared} />
      )}
      {note && (
        <p id={`${id}-note`} class="field-note">
          {note}
        </p>
      )}
    </div>
  );
}

/** Only the properties that differ between types of input; the typings know one shape for each type. */
function inputOf(
  props: Pick<FieldProps<string>, 'type' | 'placeholder' | 'autoComplete'>,
): Record<string, string | boolean | undefined> {
  return {
    type: props.type ?? 'text',
    placeholder: props.placeholder,
    autoComplete: props.autoComplete ?? 'off',
    spellcheck: false,
  };
}

/** A field above a list that narrows it; `/` goes there. */
export function Filter({
  value,
  onValue,
  label,
}: {
  value: string;
  onValue: (value: string) => void;
  label: string;
}): JSX.Element {
  return (
    <input
      class="input filter"
      type="search"
      value={value}
      placeholder={label}
      aria-label={label}
      data-filter=""
      onInput={(event) => {
        onValue(event.currentTarget.value);
      }}
    />
  );
}

/** A small choice beside a list. */
export function Choice({
  value,
  onValue,
  label,
  options,
}: {
  value: string;
  onValue: (value: string) => void;
  label: string;
  options: readonly (readonly [string, string])[];
}): JSX.Element {
  return (
    <select
      class="input choice"
      value={value}
      aria-label={label}
      onChange={(event) => {
        onValue(event.currentTarget.value);
      }}
    >
      {options.map(([each, word]) => (
        <option key={each} value={each}>
          {word}
        </option>
      ))}
    </select>
  );
}
