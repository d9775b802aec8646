import type { JSX } from 'preact';
import { findBranches, findTags } from '../api/repository.ts';
import type { ProjectRef } from '../api/resources.ts';
import { type Choice, Picker, type PickerProps } from './picker.tsx';

/** Picks one of all branches of a project, and of all its tags where they will do. */
export function RefPicker({
  at,
  value,
  onValue,
  withTags = false,
  except,
  ...rest
}: Pick<PickerProps, 'label' | 'help' | 'error' | 'autoFocus' | 'bare'> & {
  at: ProjectRef;
  value: string;
  onValue: (name: string) => void;
  withTags?: boolean;
  /** a branch that cannot be picked here */
  except?: string;
}): JSX.Element {
  return (
    <Picker
      {...rest}
      what={withTags ? 'branch or tag' : 'branch'}
      text={value}
      source={`repository/${at.owner}/${at.project}/pick/${withTags ? 'refs' : 'branches'}/${except ?? ''}`}
      find={async (q, signal) => {
        const [branches, tags] = await Promise.all([
          findBranches(at, q, signal),
          withTags ? findTags(at, q, signal) : null,
        ]);
        const items: Choice[] = branches.items
          .filter(({ name }) => name !== except)
          .map(({ name }) => ({ value: name, text: name, icon: 'branch' }));
        for (const { name } of tags?.items ?? []) {
          items.push({ value: name, text: name, icon: 'tag' });
        }
        const more = branches.nextCursor !== null || (tags?.nextCursor ?? null) !== null;
        return { items, more };
      }}
      onPick={({ value: name }) => {
        onValue(name);
      }}
    />
  );
}
