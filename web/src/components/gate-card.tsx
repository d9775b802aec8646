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

const decisions: readonly { kind: Decision; word: string; done: string; icon: IconName }[] = [
  { kind: 'approve', word: 'Approve', done: 'Approved', icon: 'check' },
  { kind: 'reject', word: 'Reject', done: 'Rejected', icon: 'x' },
  { kind: 'skip', word: 'Skip', done: 'Skipped', icon: 'skip' },
];

/** The three answers to a gate. Approving is one click more than nothing: a reason may be given, and must be to reject. */
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
  const [asked, setAsked] = useState<(typeof decisions)[number] | null>(null);
  return (
    <div class="row gate-actions">
      {decisions.map((decision) => (
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
  decision: (typeof decisions)[number];
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
        help={
          must
            ? 'Kept with the decision. What waits here ends with it.'
            : 'Kept with the decision, for whoever asks later.'
        }
      />
    </FormDialog>
  );
}
