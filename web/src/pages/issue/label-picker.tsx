import type { JSX } from 'preact';
import { listLabels } from '../../api/issues.ts';
import type { ProjectRef } from '../../api/resources.ts';
import { Picker, type PickerProps } from '../../components/picker.tsx';
import { foundNames, type NoChoice, wordsOf } from './found-names.ts';

/** Picks one of the labels that issues of a project have, the most used first. */
export function LabelPicker({
  at,
  value,
  onValue,
  none,
  ...rest
}: Pick<PickerProps, 'label' | 'bare'> & {
  at: ProjectRef;
  value: string;
  onValue: (value: string) => void;
  none: NoChoice;
}): JSX.Element {
  return (
    <Picker
      {...rest}
      what="label"
      text={wordsOf(value, none)}
      source={`issues/${at.owner}/${at.project}/labels/pick`}
      find={async (q, signal) => {
        const { items } = await listLabels(at, q, signal);
        return foundNames(
          q,
          none,
          items.map(({ label }) => label),
        );
      }}
      onPick={({ value: label }) => {
        onValue(label);
      }}
    />
  );
}
