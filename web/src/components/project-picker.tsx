import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { listProjects } from '../api/resources.ts';
import { Picker, type PickerProps } from './picker.tsx';

/** Picks one of all projects that one may see, by its id; `none` is the word for `''`. */
export function ProjectPicker({
  none,
  value,
  onValue,
  ...rest
}: Pick<PickerProps, 'label' | 'help' | 'error'> & {
  none: string;
  value: string;
  onValue: (id: string) => void;
}): JSX.Element {
  const [text, setText] = useState(none);
  return (
    <Picker
      {...rest}
      what="project"
      text={value === '' ? none : text}
      source="projects/list/pick"
      find={async (q, signal) => {
        const page = await listProjects({ ...(q === '' ? {} : { q }), limit: 50 }, signal);
        const found = page.items.map((project) => ({
          value: project.id,
          text: `${project.owner.name}/${project.name}`,
        }));
        return {
          items: q === '' ? [{ value: '', text: none }, ...found] : found,
          more: page.nextCursor !== null,
        };
      }}
      onPick={(choice) => {
        setText(choice.text);
        onValue(choice.value);
      }}
    />
  );
}
