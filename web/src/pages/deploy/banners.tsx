import type { JSX } from 'preact';
import type { Deployment, Gate, Sync } from '../../api/types.ts';
import { GateActions } from '../../components/gate-card.tsx';
import { Icon } from '../../components/icon.tsx';
import { Time } from '../../components/time.tsx';

interface BannersProps {
  deployment: Deployment;
  sync: Sync | undefined;
  gate: Gate | undefined;
  may: (permission: string) => boolean;
}

/** What somebody has to know or to decide before anything else on the page. */
export function Banners({ deployment, sync, gate, may }: BannersProps): JSX.Element {
  const { lastSync, isPaused, statusMessage, currentStatus } = deployment;
  return (
    <>
      {lastSync?.status === 'needs_human' && <NeedsPerson reason={lastSync.reason} />}
      {lastSync?.status === 'undone' && <Undone deployment={deployment} />}
      {lastSync?.status === 'waiting' &&
        (gate ? (
          <GateBanner gate={gate} sync={sync} deployment={deployment} />
        ) : (
          <Notice
            title={`Revision ${lastSync.revision.number} waits for an approval`}
            text={
              may('deploy:promote')
                ? 'You have decided already, or may not decide this one.'
                : 'Who holds deploy:promote on the project can let it through.'
            }
          />
        ))}
      {isPaused && (
        <Notice
          title="Paused"
          text="A rollout holds before its next wave and nothing that drifts is healed until somebody resumes it."
        />
      )}
      {statusMessage && (currentStatus === 'failed' || currentStatus === 'degraded') && (
        <div class="problem" role="alert">
          <Icon name="failure" />
          <div class="grow">
            <strong>
              {currentStatus === 'failed' ? 'The rollout failed' : 'What serves is degraded'}
            </strong>
            <p>{statusMessage}</p>
          </div>
        </div>
      )}
    </>
  );
}

function NeedsPerson({ reason }: { reason: string | null }): JSX.Element {
  return (
    <div class="problem" role="alert">
      <Icon name="failure" />
      <div class="grow">
        <strong>The undo failed as well: a person has to look</strong>
        {reason && <p>{reason}</p>}
        <p class="meta">
          Nothing more is tried by itself. The waves below show how far it came. Mend the target,
          then sync, or roll back to a good revision.
        </p>
      </div>
    </div>
  );
}

function Undone({ deployment }: { deployment: Deployment }): JSX.Element {
  const { lastSync, liveRevision, id } = deployment;
  const bad = lastSync?.revision.number ?? 0;
  return (
    <section class="notice-banner state-blocked" aria-label="Undone">
      <Icon name="undo" />
      <div class="grow">
        <strong>
          Revision {bad} was undone
          {liveRevision && `; revision ${liveRevision.number} serves`}
        </strong>
        {lastSync?.reason && <p>{lastSync.reason}</p>}
        <p class="line-meta">
          {lastSync?.revision.status === 'bad' && (
            <span>It is in quarantine: a newer commit lifts that.</span>
          )}
          {liveRevision && (
            <a href={`/deployments/${id}/diff?from=${liveRevision.number}&to=${bad}`}>
              What it would have changed
            </a>
          )}
        </p>
      </div>
    </section>
  );
}

function Notice({ title, text }: { title: string; text: string }): JSX.Element {
  return (
    <section class="notice-banner state-waiting" aria-label={title}>
      <Icon name="paused" />
      <div class="grow">
        <strong>{title}</strong>
        <p class="meta">{text}</p>
      </div>
    </section>
  );
}

function GateBanner({
  gate,
  sync,
  deployment,
}: {
  gate: Gate;
  sync: Sync | undefined;
  deployment: Deployment;
}): JSX.Element {
  const number = sync?.revision.number ?? deployment.lastSync?.revision.number ?? 0;
  const live = deployment.liveRevision?.number;
  const { owner, name } = deployment.project;
  return (
    <section class="gate-banner" aria-label={`Gate ${gate.step}`}>
      <Icon name="waiting" />
      <div class="grow">
        <strong>
          Revision {number} waits for a decision before {deployment.environment}
        </strong>
        <p class="line-meta">
          <span>
            needs <code>{gate.permission}</code>
          </span>
          <span class="num">
            {gate.approvals} of {gate.quorum} approvals
          </span>
          {gate.expiresAt && (
            <span>
              expires <Time at={gate.expiresAt} />
            </span>
          )}
          {live !== undefined && (
            <a href={`/deployments/${deployment.id}/diff?from=${live}&to=${number}`}>
              What it changes
            </a>
          )}
        </p>
      </div>
      <GateActions
        gate={gate}
        subject={`${owner}/${name}: revision ${number} to ${deployment.environment}`}
      />
    </section>
  );
}
