import type { JSX } from 'preact';
import { listMembers } from '../../api/issues.ts';
import type { ProjectRef } from '../../api/resources.ts';
import { myName } from '../../app/session.ts';
import { Picker, type PickerProps } from '../../components/picker.tsx';
import { foundNames, hasText, type NoChoice, wordsOf } from './found-names.ts';

type Props = Pick<PickerProps, 'label' | 'error' | 'bare'> & {
  at: ProjectRef;
  value: string;
  onValue: (value: string) => void;
  none: NoChoice;
};

/** Picks one of the people of a project: oneself, its owner, its members. */
export function PersonPicker({ at, value, onValue, none, ...rest }: Props): JSX.Element {
  return (
    <Picker
      {...rest}
      what="person"
      text={wordsOf(value, none)}
      source={`admin/people/${at.owner}/${at.project}/${wordsOf('', none)}`}
      find={async (q, signal) => {
        const members = await listMembers(at, q, signal);
        const first = [myName.value, at.owner].filter((name) => hasText(name, q));
        const others = members.items.map(({ userName }) => userName).sort();
        const names = [...new Set([...first, ...others])].filter((name) => name !== '');
        return foundNames(q, none, names, members.nextCursor !== null);
      }}
      onPick={({ value: name }) => {
        onValue(name);
      }}
    />
  );
}
