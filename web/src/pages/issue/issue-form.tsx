import type { JSX } from 'preact';
import type { ApiProblem } from '../../api/problem.ts';
import type { ProjectRef } from '../../api/resources.ts';
import { myName } from '../../app/session.ts';
import { Field } from '../../components/field.tsx';
import { LabelField } from '../../components/label.tsx';
import { useLabels, usePeople } from './use-people.ts';

/** Whom an issue is given to: oneself, the owner, a member, or nobody (''). */
export function AssigneeField({
  at,
  value,
  onValue,
  problem,
}: {
  at: ProjectRef;
  value: string;
  onValue: (name: string) => void;
  problem?: ApiProblem | undefined;
}): JSX.Element {
  const people = usePeople(at, value === '' ? [] : [value]);
  return (
    <Field
      label="Assignee"
      value={value}
      onValue={onValue}
      required={false}
      error={problem?.forField('assignee')}
      options={[
        ['', 'Nobody'],
        ...people
          .filter((name) => name !== '')
          .map((name) => [name, name === myName.value ? `${name} (you)` : name] as const),
      ]}
    />
  );
}

/** Labels of an issue, with those that the project uses to pick from. */
export function IssueLabels({
  at,
  labels,
  onLabels,
  problem,
}: {
  at: ProjectRef;
  labels: readonly string[];
  onLabels: (labels: string[]) => void;
  problem?: ApiProblem | undefined;
}): JSX.Element {
  const known = useLabels(at);
  return (
    <LabelField
      labels={labels}
      onLabels={onLabels}
      known={known}
      error={problem?.forField('labels')}
    />
  );
}
