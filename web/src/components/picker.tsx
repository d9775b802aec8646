import type { ComponentChildren, JSX } from 'preact';
import { useId, useState } from 'preact/hooks';
import { useKept, useLoad, useSettled } from '../app/load.ts';
import { Icon, type IconName } from './icon.tsx';

export interface Choice {
  value: string;
  text: string;
  icon?: IconName;
}

export interface Choices {
  items: Choice[];
  /** there are more of them: whoever types finds them */
  more: boolean;
}

export interface PickerProps {
  label: string;
  /** what is chosen, as it is shown */
  text: string;
  /** key under which what is found for `''` is known; what is typed is put behind it */
  source: string;
  find: (q: string, signal: AbortSignal) => Promise<Choices>;
  onPick: (choice: Choice) => void;
  /** what is found, in words: `branch` */
  what: string;
  autoFocus?: boolean;
  help?: ComponentChildren;
  error?: string | undefined;
  /** the label is for screen readers alone */
  bare?: boolean;
}

/** A choice among more than fit into a list: the server finds what is typed. A combobox of the ARIA practices. */
export function Picker(props: PickerProps): JSX.Element {
  const id = useId();
  const note = props.error ?? props.help;
  return (
    <div class={`field picker ${props.bare ? 'bare' : ''} ${props.error ? 'invalid' : ''}`}>
      <label for={id} class={props.bare ? 'hidden-visually' : ''}>
        {props.label}
      </label>
      <Combobox {...props} id={id} describedBy={note ? `${id}-note` : undefined} />
      {note && (
        <p id={`${id}-note`} class="field-note">
          {note}
        </p>
      )}
    </div>
  );
}

const keyOf = ({ icon, value }: Choice): string => `${icon ?? ''} ${value}`;

/** The list is wider than a narrow box: beside the right edge of the page it grows to the left. */
function keepInside(list: HTMLDivElement | null): void {
  if (list === null) return;
  const { right } = list.getBoundingClientRect();
  if (right > document.documentElement.clientWidth) list.classList.add('to-left');
}

function Combobox({
  id,
  describedBy,
  ...props
}: PickerProps & { id: string; describedBy: string | undefined }): JSX.Element {
  // null: closed, and the box shows what is chosen
  const [typed, setTyped] = useState<string | null>(null);
  // the choice and not its place: what arrives while the list is open moves none under the reader's hand
  const [on, setOn] = useState<string | null>(null);
  const q = useSettled(typed ?? '').trim();
  const isOpen = typed !== null;
  const found = useKept(
    useLoad(isOpen ? `${props.source}/${q}` : null, (signal) => props.find(q, signal)),
  );
  const choices = found.data?.items ?? [];
  const isOn = (choice: Choice): boolean =>
    on === null ? typed === '' && choice.text === props.text : keyOf(choice) === on;
  const selected = Math.max(choices.findIndex(isOn), 0);
  const point = (index: number): void => {
    const choice = choices[index];
    if (choice !== undefined) setOn(keyOf(choice));
  };
  const pick = (choice: Choice | undefined): void => {
    if (choice === undefined) return;
    setTyped(null);
    if (choice.text !== props.text) props.onPick(choice);
  };
  const open = (): void => {
    setOn(null);
    setTyped('');
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (!isOpen) {
      if (event.key !== 'ArrowDown' && event.key !== 'Enter') return;
      open();
    } else if (event.key === 'ArrowDown') point(selected + 1);
    else if (event.key === 'ArrowUp') point(selected - 1);
    else if (event.key === 'Enter') pick(choices[selected]);
    else if (event.key === 'Escape') setTyped(null);
    else return;
    // neither sends the form nor closes the dialog around it
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="picker-box">
      <input
        id={id}
        class="input"
        role="combobox"
        aria-expanded={isOpen}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={isOpen && choices.length > 0 ? `${id}-${selected}` : undefined}
        aria-describedby={describedBy}
        autoComplete="off"
        spellcheck={false}
        autoFocus={props.autoFocus ?? false}
        value={typed ?? props.text}
        placeholder={isOpen ? props.text || `Find a ${props.what}` : `Pick a ${props.what}`}
        onFocus={(event) => {
          event.currentTarget.select();
        }}
        onClick={() => {
          if (!isOpen) open();
        }}
        onInput={(event) => {
          setOn(null);
          setTyped(event.currentTarget.value);
        }}
        onKeyDown={onKeyDown}
        onBlur={() => {
          setTyped(null);
        }}
      />
      <Icon name="chevron-down" size={14} />
      {isOpen && (
        <Found
          {...props}
          id={id}
          choices={choices}
          selected={selected}
          more={found.data?.more === true}
          problem={found.problem?.title}
          isKnown={found.data !== undefined}
          onPoint={point}
          onTake={pick}
        />
      )}
    </div>
  );
}

function Found({
  id,
  label,
  text,
  what,
  choices,
  selected,
  more,
  problem,
  isKnown,
  onPoint,
  onTake,
}: Pick<PickerProps, 'label' | 'text' | 'what'> & {
  id: string;
  choices: readonly Choice[];
  selected: number;
  more: boolean;
  problem: string | undefined;
  isKnown: boolean;
  onPoint: (index: number) => void;
  onTake: (choice: Choice) => void;
}): JSX.Element {
  return (
    <div
      class="picker-found"
      ref={keepInside}
      // a press on the list must not take the focus from the box, which would close it
      onMouseDown={(event) => {
        event.preventDefault();
      }}
    >
      <ul id={`${id}-list`} role="listbox" aria-label={label}>
        {choices.map((choice, index) => (
          <li
            key={keyOf(choice)}
            id={`${id}-${index}`}
            ref={(element) => {
              if (index === selected) element?.scrollIntoView({ block: 'nearest' });
            }}
            role="option"
            aria-selected={index === selected}
            onPointerMove={() => {
              if (index !== selected) onPoint(index);
            }}
            onClick={() => {
              onTake(choice);
            }}
          >
            {choice.icon && <Icon name={choice.icon} size={14} />}
            <span class="grow truncate">{choice.text}</span>
            {choice.text === text && <Icon name="check" size={14} />}
          </li>
        ))}
      </ul>
      {problem !== undefined && <p class="picker-note">{problem}</p>}
      {isKnown && choices.length === 0 && (
        <p class="picker-note">No {what} has that in its name.</p>
      )}
      {more && <p class="picker-note">There are more: type a part of the name.</p>}
    </div>
  );
}
