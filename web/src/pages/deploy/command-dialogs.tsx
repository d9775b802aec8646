import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { abortSync, listProjectDeployments, promote, scale } from '../../api/deployments.ts';
import type { Deployment, Environment } from '../../api/types.ts';
import { invalidate, useAction, useLoad } from '../../app/load.ts';
import { toast } from '../../app/toasts.ts';
import { FormDialog } from '../../components/dialog.tsx';
import { environmentWords } from '../../components/deployment-chips.tsx';
import { Field } from '../../components/field.tsx';
import { shortImage } from '../../lib/deployment-state.ts';

interface DialogProps {
  deployment: Deployment;
  onClose: () => void;
}

/** Deploys exactly what serves here somewhere else. */
export function PromoteDialog({ deployment, onClose }: DialogProps): JSX.Element {
  const { id, project, environment, liveRevision } = deployment;
  const [to, setTo] = useState<Environment>(environment === 'staging' ? 'production' : 'staging');
  const siblings = useLoad(`deployments/of/${project.owner}/${project.name}`, (signal) =>
    listProjectDeployments({ owner: project.owner, project: project.name }, signal),
  );
  const target = siblings.data?.items.find((each) => each.environment === to);
  const act = useAction(async () => {
    await promote(id, to);
    invalidate('deployments');
    toast(`${project.name} is promoted to ${to}`);
    onClose();
  });
  return (
    <FormDialog
      title={`Promote ${project.name}`}
      submit={`Promote to ${to}`}
      pending={act.pending}
      problem={act.problem}
      onSubmit={() => {
        act.run();
      }}
      onClose={onClose}
    >
      <p>
        The same image <code>{shortImage(liveRevision?.imageRef ?? '')}</code>, byte for byte; no
        build runs.
      </p>
      <Field
        label="To"
        value={to}
        onValue={setTo}
        options={(['staging', 'production'] as const)
          .filter((each) => each !== environment)
          .map((each) => [each, environmentWords[each]] as const)}
        help={
          target?.liveRevision
            ? `It replaces ${shortImage(target.liveRevision.imageRef)} there${target.approvals > 0 ? `, once ${target.approvals} approve` : ''}.`
            : 'Nothing serves there yet: it is set up with the settings of this one.'
        }
      />
    </FormDialog>
  );
}

/** How many replicas run, over what the manifests say. */
export function ScaleDialog({ deployment, onClose }: DialogProps): JSX.Element {
  const [typed, setTyped] = useState(
    deployment.replicas === null ? '' : String(deployment.replicas),
  );
  const valid = typed === '' || /^\d{1,4}$/.test(typed);
  const act = useAction(async () => {
    await scale(deployment.id, typed === '' ? null : Number(typed));
    invalidate('deployments');
    toast(typed === '' ? 'The manifests decide again' : `Scaling to ${typed}`);
    onClose();
  });
  return (
    <FormDialog
      title={`Scale ${deployment.project.name} ${deployment.environment}`}
      submit="Scale"
      pending={act.pending}
      problem={act.problem}
      disabled={!valid}
      onSubmit={() => {
        act.run();
      }}
      onClose={onClose}
    >
      <Field
        label="Replicas"
        value={typed}
        onValue={setTyped}
        required={false}
        autoFocus
        error={valid ? undefined : 'A number from 0 to 1000'}
        help="Of each workload that runs the image of the deployment; 0 stops everything. Empty gives it back to the manifests."
      />
    </FormDialog>
  );
}

/** Has what is being rolled out undone. */
export function AbortDialog({ deployment, onClose }: DialogProps): JSX.Element {
  const [reason, setReason] = useState('');
  const { lastSync, liveRevision } = deployment;
  const act = useAction(async () => {
    await abortSync(deployment.id, reason.trim());
    invalidate('deployments');
    toast('The rollout is being undone');
    onClose();
  });
  return (
    <FormDialog
      title={`Abort rollout #${lastSync?.number ?? ''}`}
      submit="Abort and undo"
      danger
      pending={act.pending}
      problem={act.problem}
      onSubmit={() => {
        act.run();
      }}
      onClose={onClose}
    >
      <p class="muted">
        Every wave that was applied is undone in reverse order
        {liveRevision ? `; revision ${liveRevision.number} serves again` : ''}, and a new revision
        goes to quarantine. One that still waits for its approval ends there, with nothing to undo.
      </p>
      <Field
        label="Reason"
        value={reason}
        onValue={setReason}
        required={false}
        autoFocus
        help="Kept with the rollout."
      />
    </FormDialog>
  );
}

/** Names what goes down before it does. */
export function StopDialog({
  deployment,
  onClose,
  onStop,
}: DialogProps & { onStop: () => void }): JSX.Element {
  const { project, environment } = deployment;
  return (
    <FormDialog
      title={`Stop ${project.name} ${environment}`}
      submit="Stop it"
      danger
      pending={false}
      problem={undefined}
      onSubmit={() => {
        onStop();
        onClose();
      }}
      onClose={onClose}
    >
      <p class="muted">
        No replica of it runs and its address answers no more. Its volumes, secrets and settings
        stay; Start brings it up as it was.
      </p>
    </FormDialog>
  );
}
