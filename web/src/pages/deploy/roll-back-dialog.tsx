import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { listRevisions, rollBack } from '../../api/deployments.ts';
import type { Deployment, Revision } from '../../api/types.ts';
import { invalidate, useAction, useLoad } from '../../app/load.ts';
import { toast } from '../../app/toasts.ts';
import { FormDialog } from '../../components/dialog.tsx';
import { Show } from '../../components/feedback.tsx';
import { Field } from '../../components/field.tsx';
import { Time } from '../../components/time.tsx';
import { shortImage } from '../../lib/deployment-state.ts';
import { shortSha } from '../../lib/time.ts';

/** Good revisions that are kept, newest first; the one to go back to is chosen among them. */
export function RollBackDialog({
  deployment,
  onClose,
}: {
  deployment: Deployment;
  onClose: () => void;
}): JSX.Element {
  const { id, environment, liveRevision } = deployment;
  const revisions = useLoad(`deployments/${id}/revisions`, (signal) => listRevisions(id, signal));
  const [chosen, setChosen] = useState<number | null>(null);
  const [reason, setReason] = useState('');
  const good = (revisions.data?.items ?? []).filter(
    (one) => one.status === 'good' && one.id !== liveRevision?.id,
  );
  const before = revisions.data?.before ?? null;
  const wanted = chosen ?? before;
  const act = useAction(async () => {
    if (wanted === null) return;
    await rollBack(id, wanted, reason.trim());
    invalidate('deployments');
    toast(`Going back to revision ${wanted}`);
    onClose();
  });
  return (
    <FormDialog
      title={`Roll ${environment} back`}
      submit={wanted === null ? 'Roll back' : `Roll back to revision ${wanted}`}
      pending={act.pending}
      problem={act.problem}
      disabled={wanted === null}
      onSubmit={() => {
        act.run();
      }}
      onClose={onClose}
    >
      <p class="muted">
        {liveRevision && `Revision ${liveRevision.number} serves now. `}
        {revisions.data && before === null && 'None that served before it is kept. '}No pipeline
        runs again: the manifests that were kept are applied as they were.
      </p>
      <Show loaded={revisions} rows={3} what="Revisions">
        {() =>
          good.length === 0 ? (
            <p class="quiet-line">No other good revision is kept.</p>
          ) : (
            <fieldset class="choices">
              <legend class="hidden-visually">Revision</legend>
              {good.map((revision) => (
                <RevisionChoice
                  key={revision.id}
                  revision={revision}
                  checked={revision.number === wanted}
                  onChoose={() => {
                    setChosen(revision.number);
                  }}
                />
              ))}
            </fieldset>
          )
        }
      </Show>
      <Field
        label="Reason"
        value={reason}
        onValue={setReason}
        required={false}
        help="Kept in the audit."
      />
    </FormDialog>
  );
}

function RevisionChoice({
  revision,
  checked,
  onChoose,
}: {
  revision: Revision;
  checked: boolean;
  onChoose: () => void;
}): JSX.Element {
  return (
    <label class="choice-row">
      <input type="radio" name="revision" checked={checked} onChange={onChoose} />
      <span class="grow">
        <span class="strong">Revision {revision.number}</span>
        <span class="line-meta">
          <code>{shortImage(revision.imageRef)}</code>
          {revision.commitSha && <code>{shortSha(revision.commitSha)}</code>}
          {revision.goodAt && (
            <span>
              good <Time at={revision.goodAt} />
            </span>
          )}
        </span>
      </span>
    </label>
  );
}
