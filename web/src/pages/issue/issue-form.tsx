import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ApiProblem } from '../../api/problem.ts';
import type { ProjectRef } from '../../api/resources.ts';
import { LabelField } from '../../components/label.tsx';
import { PersonPicker } from './person-picker.tsx';
import { useLabels } from './use-labels.ts';

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
  return (
    <PersonPicker
      label="Assignee"
      at={at}
      value={value}
      onValue={onValue}
      none={[['', 'Nobody']]}
      error={problem?.forField('assignee')}
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
  const [typed, setTyped] = useState('');
  const known = useLabels(at, typed);
  return (
    <LabelField
      labels={labels}
      onLabels={onLabels}
      known={known}
      onTyped={setTyped}
      error={problem?.forField('labels')}
    />
  );
}
