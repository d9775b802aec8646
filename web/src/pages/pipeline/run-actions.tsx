import type { JSX } from 'preact';
import { useLocation } from 'preact-iso';
import { useEffect, useState } from 'preact/hooks';
import { commandRun, rerunRun } from '../../api/resources.ts';
import type { RunDetail } from '../../api/types.ts';
import { invalidate, useAction } from '../../app/load.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { FormDialog } from '../../components/dialog.tsx';
import { Field } from '../../components/field.tsx';

/** Pause, resume, cancel, run again: each shows that it is under way on the button itself until the run has followed. */
export function RunActions({ run }: { run: RunDetail }): JSX.Element {
  const { route } = useLocation();
  const [cancelling, setCancelling] = useState(false);
  const [asked, setAsked] = useState<'pause' | 'resume' | 'cancel' | null>(null);
  const over = run.finishedAt !== null || ['success', 'failure', 'cancelled'].includes(run.status);
  // the server accepted the command; it is carried out when the run shows it
  useEffect(() => {
    if (asked === 'pause' && run.isPaused) setAsked(null);
    if (asked === 'resume' && !run.isPaused) setAsked(null);
    if (over) setAsked(null);
  }, [run.isPaused, over, asked]);
  const act = useAction(async (command: 'pause' | 'resume') => {
    setAsked(command);
    try {
      await commandRun(run.id, command);
      invalidate('pipelines');
    } catch (error) {
      setAsked(null);
      toast(error instanceof Error ? error.message : 'That did not work.', 'failure');
    }
  });
  const again = useAction(async () => {
    try {
      const next = await rerunRun(run.id);
      invalidate('pipelines');
      route(`/pipelines/${next.id}`);
    } catch (error) {
      toast(error instanceof Error ? error.message : 'That did not work.', 'failure');
    }
  });
  if (over) {
    return (
      <Button
        icon="rerun"
        kind="primary"
        pending={again.pending}
        onClick={() => {
          again.run();
        }}
      >
        Run again
      </Button>
    );
  }
  const toggle = run.isPaused ? 'resume' : 'pause';
  return (
    <>
      <Button
        icon={run.isPaused ? 'play' : 'pause'}
        kind={run.isPaused ? 'primary' : 'plain'}
        pending={asked === toggle}
        title={run.isPaused ? 'Let it go on' : 'Running steps end, no new one starts'}
        onClick={() => {
          act.run(toggle);
        }}
      >
        {run.isPaused ? 'Resume' : 'Pause'}
      </Button>
      <Button
        icon="stop"
        pending={asked === 'cancel'}
        onClick={() => {
          setCancelling(true);
        }}
      >
        Cancel
      </Button>
      {cancelling && (
        <CancelDialog
          run={run}
          onClose={() => {
            setCancelling(false);
          }}
          onAsked={() => {
            setAsked('cancel');
          }}
        />
      )}
    </>
  );
}

function CancelDialog({
  run,
  onClose,
  onAsked,
}: {
  run: RunDetail;
  onClose: () => void;
  onAsked: () => void;
}): JSX.Element {
  const [reason, setReason] = useState('');
  const running = run.steps.filter((step) => step.status === 'running').map((step) => step.name);
  const cancel = useAction(async () => {
    await commandRun(run.id, 'cancel', reason.trim());
    onAsked();
    invalidate('pipelines');
    onClose();
  });
  return (
    <FormDialog
      title={`Cancel ${run.project.name} #${run.number}`}
      submit="Cancel the pipeline"
      danger
      pending={cancel.pending}
      problem={cancel.problem}
      onSubmit={() => {
        cancel.run();
      }}
      onClose={onClose}
    >
      <p class="muted">
        {running.length > 0
          ? `Ends ${running.join(', ')} at once; what has not started will not. Finished steps stay as they are.`
          : 'No step runs now; none will start.'}
      </p>
      <Field
        label="Reason"
        value={reason}
        onValue={setReason}
        required={false}
        autoFocus
        help="Kept with the run."
      />
    </FormDialog>
  );
}
