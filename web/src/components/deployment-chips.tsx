import type { JSX } from 'preact';
import type { Deployment } from '../api/types.ts';
import { deploymentState, isOutOfSync, isRolling, shortImage } from '../lib/deployment-state.ts';
import { shortSha } from '../lib/time.ts';
import { Icon, type IconName } from './icon.tsx';
import { Status } from './status.tsx';

/** Words of environments, in the order in which a change goes through them. */
export const environmentWords = {
  preview: 'Preview',
  staging: 'Staging',
  production: 'Production',
} as const;

/** State of a deployment as icon and word. */
export function DeploymentStatus({
  deployment,
  badge = false,
  compact = false,
}: {
  deployment: Deployment;
  badge?: boolean;
  compact?: boolean;
}): JSX.Element {
  const { state, word } = deploymentState(deployment);
  return <Status state={state} word={word} badge={badge} compact={compact} />;
}

interface Chip {
  icon: IconName;
  text: string;
  title: string;
  tone: string;
}

function chipsOf(deployment: Deployment): Chip[] {
  const { drift, isPaused, lastSync, desiredStatus } = deployment;
  const chips: (Chip | false)[] = [
    isPaused && {
      icon: 'paused',
      text: 'paused',
      title: 'Nothing is rolled out or healed until it is resumed',
      tone: 'state-waiting',
    },
    drift.length > 0 && {
      icon: 'diff',
      text: `drift ${drift.length}`,
      title: `${drift.length} fields are not as desired`,
      tone: 'state-waiting',
    },
    lastSync?.revision.status === 'bad' && {
      icon: 'ban',
      text: 'quarantined',
      title: `Revision ${lastSync.revision.number} failed and is not tried again`,
      tone: 'state-blocked',
    },
    desiredStatus === 'rollback' &&
      (lastSync?.status === 'rejected'
        ? {
            icon: 'stop',
            text: 'not let through',
            title: `Revision ${lastSync.revision.number} is desired no more; a newer commit goes on`,
            tone: 'state-queued',
          }
        : {
            icon: 'undo',
            text: 'rolled back',
            title: 'An earlier revision is desired until a newer commit comes',
            tone: 'state-queued',
          }),
    isOutOfSync(deployment) && {
      icon: 'queued',
      text: 'out of sync',
      title: 'What is desired has not been applied yet',
      tone: 'state-queued',
    },
  ];
  return chips.filter((chip) => chip !== false);
}

/** What else is to be known of a deployment at a glance: paused, drift, quarantine. */
export function DeploymentChips({ deployment }: { deployment: Deployment }): JSX.Element | null {
  const chips = chipsOf(deployment);
  if (chips.length === 0) return null;
  return (
    <span class="row wrap tightest">
      {chips.map((chip) => (
        <span key={chip.text} class={`chip toned ${chip.tone}`} title={chip.title}>
          <Icon name={chip.icon} size={12} />
          {chip.text}
        </span>
      ))}
    </span>
  );
}

/** Version that serves; beside it the one that is on its way. */
export function Version({ deployment }: { deployment: Deployment }): JSX.Element {
  const { liveRevision, lastSync } = deployment;
  const next = isRolling(deployment) ? lastSync?.revision : undefined;
  const coming = next && next.id !== liveRevision?.id ? next : undefined;
  const shown = liveRevision ?? coming;
  if (!shown) return <code title={deployment.imageRef}>{shortImage(deployment.imageRef)}</code>;
  return (
    <span class="row wrap tightest version">
      <code title={shown.imageRef}>{shortImage(shown.imageRef)}</code>
      {shown.commitSha && <code class="muted">{shortSha(shown.commitSha)}</code>}
      {coming && coming !== shown && (
        <span class="row tightest state-running toned-text" title={`Coming: ${coming.imageRef}`}>
          <span aria-hidden="true">→</span>
          <span class="hidden-visually">coming:</span>
          <code>{shortImage(coming.imageRef)}</code>
        </span>
      )}
    </span>
  );
}
