import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { decideGate } from '../api/resources.ts';
import type { Decision, Gate } from '../api/types.ts';
import { invalidate, useAction } from '../app/load.ts';
import { toast } from '../app/toasts.ts';
import { Button } from './button.tsx';
import { FormDialog } from './dialog.tsx';
import { Field } from './field.tsx';
import type { IconName } from './icon.tsx';

interface Answer {
  kind: Decision;
  word: string;
  done: string;
  icon: IconName;
  help: string;
}

const approve: Answer = {
  kind: 'approve',
  word: 'Approve',
  done: 'Approved',
  icon: 'check',
  help: 'Kept with the decision, for whoever asks later.',
};
const reject: Answer = {
  kind: 'reject',
  word: 'Reject',
  done: 'Rejected',
  icon: 'x',
  help: 'Kept with the decision. What waits here ends with it.',
};
const skip: Answer = {
  kind: 'skip',
  word: 'Skip',
  done: 'Skipped',
  icon: 'skip',
  help: 'Kept with the decision. The run goes on as if the gate were not there.',
};

/** What may be said at a gate: a rollout is let through or not, and objects that would be pruned may be kept. */
function answersTo({ subjectType, step }: Gate): readonly Answer[] {
  if (subjectType !== 'deployment') return [approve, reject, skip];
  if (step !== 'prune') return [approve, reject];
  return [
    { ...approve, help: 'The rollout goes on and prunes the objects. Kept with the decision.' },
    { ...reject, help: 'The rollout ends here, and nothing is pruned. Kept with the decision.' },
    {
      ...skip,
      word: 'Keep the objects',
      done: 'Kept the objects',
      help: 'The rollout goes on without pruning: the objects stay. Kept with the decision.',
    },
  ];
}

/** The answers to a gate. Approving is one click more than nothing: a reason may be given, and must be to reject. */
export function GateActions({
  gate,
  subject,
  inList = false,
}: {
  gate: Gate;
  subject: string;
  /** one of many on the page: none of them is the primary action */
  inList?: boolean;
}): JSX.Element {
  const [asked, setAsked] = useState<Answer | null>(null);
  return (
    <div class="row gate-actions">
      {answersTo(gate).map((decision) => (
        <Button
          key={decision.kind}
          small
          icon={decision.icon}
          kind={decision.kind === 'approve' && !inList ? 'primary' : 'plain'}
          onClick={() => {
            setAsked(decision);
          }}
        >
          {decision.word}
        </Button>
      ))}
      {asked && (
        <DecisionDialog
          gate={gate}
          subject={subject}
          decision={asked}
          onClose={() => {
            setAsked(null);
          }}
        />
      )}
    </div>
  );
}

function DecisionDialog({
  gate,
  subject,
  decision,
  onClose,
}: {
  gate: Gate;
  subject: string;
  decision: Answer;
  onClose: () => void;
}): JSX.Element {
  const [reason, setReason] = useState('');
  const decide = useAction(async () => {
    await decideGate(gate.id, decision.kind, reason.trim());
    invalidate('gates');
    invalidate('pipelines');
    invalidate('deployments');
    toast(`${decision.done}: ${gate.step}`);
    onClose();
  });
  const must = decision.kind === 'reject';
  return (
    <FormDialog
      title={`${decision.word} “${gate.step}”`}
      submit={decision.word}
      danger={must}
      pending={decide.pending}
      problem={decide.problem}
      disabled={must && reason.trim() === ''}
      onSubmit={() => {
        decide.run();
      }}
      onClose={onClose}
    >
      <p class="muted">{subject}</p>
      <Field
        label="Reason"
        value={reason}
        onValue={setReason}
        rows={3}
        required={must}
        autoFocus
        help={decision.help}
      />
    </FormDialog>
  );
}
