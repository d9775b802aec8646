import type { JSX } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';
import { Icon } from './icon.tsx';

const tones = 6;

/** The same word has the same colour everywhere; the colour says nothing that the word does not. */
function toneOf(label: string): number {
  let sum = 0;
  for (const character of label.toLowerCase())
    sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9973;
  return sum % tones;
}

/** A label as a chip with a coloured dot. */
export function Label({
  label,
  href,
  onRemove,
}: {
  label: string;
  href?: string;
  onRemove?: () => void;
}): JSX.Element {
  const inner = (
    <>
      <span class={`label-dot tone-${toneOf(label)}`} aria-hidden="true" />
      <span class="truncate">{label}</span>
    </>
  );
  if (href !== undefined) {
    return (
      <a class="label-chip" href={href}>
        {inner}
      </a>
    );
  }
  return (
    <span class="label-chip">
      {inner}
      {onRemove && (
        <button type="button" aria-label={`Remove ${label}`} onClick={onRemove}>
          <Icon name="x" size={12} />
        </button>
      )}
    </span>
  );
}

/** Labels to type or to pick: Enter or a comma adds, Backspace in the empty field takes the last one away. */
export function LabelField({
  labels,
  onLabels,
  known,
  onTyped,
  error,
  title = 'Labels',
  help = 'Enter or a comma adds one.',
}: {
  labels: readonly string[];
  onLabels: (labels: string[]) => void;
  known: readonly string[];
  /** what stands in the box, for whoever looks for `known` by it */
  onTyped?: (text: string) => void;
  error?: string | undefined;
  title?: string;
  help?: string;
}): JSX.Element {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  const add = (word: string): void => {
    const label = word.trim();
    setText('');
    onTyped?.('');
    if (label !== '' && !labels.includes(label)) onLabels([...labels, label]);
  };
  return (
    <div class={`field ${error ? 'invalid' : ''}`}>
      <label for={id}>
        {title}
        <span class="meta"> optional</span>
      </label>
      <div
        class="input label-field"
        onClick={() => {
          input.current?.focus();
        }}
      >
        {labels.map((label) => (
          <Label
            key={label}
            label={label}
            onRemove={() => {
              onLabels(labels.filter((each) => each !== label));
              input.current?.focus();
            }}
          />
        ))}
        <input
          ref={input}
          id={id}
          list={`${id}-known`}
          value={text}
          maxLength={50}
          autoComplete="off"
          aria-describedby={`${id}-note`}
          onInput={(event) => {
            const { value } = event.currentTarget;
            if (value.endsWith(',')) add(value.slice(0, -1));
            // picked from the list, not typed
            else if (!(event instanceof InputEvent) && known.includes(value)) add(value);
            else {
              setText(value);
              onTyped?.(value);
            }
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && text.trim() !== '') {
              event.preventDefault();
              add(text);
            } else if (event.key === 'Backspace' && text === '') onLabels(labels.slice(0, -1));
          }}
          onBlur={() => {
            add(text);
          }}
        />
        <datalist id={`${id}-known`}>
          {known
            .filter((label) => !labels.includes(label))
            .map((label) => (
              <option key={label} value={label} />
            ))}
        </datalist>
      </div>
      <p id={`${id}-note`} class="field-note">
        {error ?? help}
      </p>
    </div>
  );
}
