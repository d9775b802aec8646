import type { JSX } from 'preact';
import type { ApiProblem } from '../api/problem.ts';
import type { ProjectRef } from '../api/resources.ts';
import { Field } from './field.tsx';
import { MarkdownField } from './markdown-field.tsx';

/** A text that is being written: what it is now, and how it changes. */
interface Written {
  text: string;
  set: (text: string) => void;
}

/** What the API takes for a description: nothing written is null. */
export function textOrNull({ text }: Written): string | null {
  return text.trim() === '' ? null : text;
}

/** Title and description of an issue or a merge request. */
export function TitleAndText({
  at,
  title,
  body,
  problem,
  onSend,
  rows,
  autoFocus = true,
  placeholder,
  children,
}: {
  at: ProjectRef;
  title: Written;
  body: Written;
  problem: ApiProblem | undefined;
  onSend: () => void;
  /** of the description */
  rows: number;
  autoFocus?: boolean;
  placeholder?: string;
  /** a field between the two */
  children?: JSX.Element | false;
}): JSX.Element {
  return (
    <>
      <Field
        label="Title"
        value={title.text}
        onValue={title.set}
        required
        autoFocus={autoFocus}
        error={problem?.forField('title')}
      />
      {children}
      <MarkdownField
        label="Description"
        value={body.text}
        onValue={body.set}
        at={at}
        rows={rows}
        error={problem?.forField('body')}
        {...(placeholder === undefined ? {} : { placeholder })}
        onSend={onSend}
      />
    </>
  );
}
