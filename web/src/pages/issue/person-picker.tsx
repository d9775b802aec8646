import type { JSX } from 'preact';
import { listMembers } from '../../api/issues.ts';
import type { ProjectRef } from '../../api/resources.ts';
import { myName } from '../../app/session.ts';
import { type Choice, Picker, type PickerProps } from '../../components/picker.tsx';

type Props = Pick<PickerProps, 'label' | 'error' | 'bare'> & {
  at: ProjectRef;
  value: string;
  onValue: (value: string) => void;
  /** what stands before the names, as value and words; the first one is for no choice */
  none: readonly (readonly [string, string])[];
};

const shown = 50;

/** Picks one of the people of a project: oneself, its owner, its members. */
export function PersonPicker({ at, value, onValue, none, ...rest }: Props): JSX.Element {
  return (
    <Picker
      {...rest}
      what="person"
      text={wordsOf(value, none)}
      source={`admin/people/${at.owner}/${at.project}/${rest.label}`}
      find={async (q, signal) => {
        const members = await listMembers(at, q, signal);
        const first = [myName.value, at.owner].filter((name) => has(name, q));
        const others = members.items.map(({ userName }) => userName).sort();
        const names = [...new Set([...first, ...others])].filter((name) => name !== '');
        return found(q, none, names, members.nextCursor !== null);
      }}
      onPick={({ value: name }) => {
        onValue(name);
      }}
    />
  );
}

const has = (text: string, q: string): boolean => text.toLowerCase().includes(q.toLowerCase());

function wordsOf(value: string, none: Props['none']): string {
  const words = none.find(([known]) => known === value)?.[1];
  return words ?? value;
}

function found(
  q: string,
  none: Props['none'],
  names: readonly string[],
  more: boolean,
): { items: Choice[]; more: boolean } {
  const before = none
    .filter(([, words]) => has(words, q))
    .map(([value, words]) => ({ value, text: words }));
  const items = names.slice(0, shown).map((name) => ({ value: name, text: name }));
  return { items: [...before, ...items], more: more || names.length > shown };
}
