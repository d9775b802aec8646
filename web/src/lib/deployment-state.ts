import type { Deployment } from '../api/types.ts';
import type { StateName } from './state-name.ts';

/** What a state needs to know of a deployment. */
export type Stated = Pick<
  Deployment,
  | 'currentStatus'
  | 'desiredStatus'
  | 'isDeleting'
  | 'isPaused'
  | 'generation'
  | 'observedGeneration'
> & {
  lastSync: Pick<NonNullable<Deployment['lastSync']>, 'status'> | null;
};

/** Syncs that have not ended. */
const open: readonly string[] = ['running', 'waiting', 'baking', 'undoing'];

/** True while something is being rolled out or undone. */
export function isRolling(deployment: Pick<Stated, 'lastSync'>): boolean {
  return deployment.lastSync !== null && open.includes(deployment.lastSync.status);
}

/** Ends of a sync that can be tried again. */
const failures: readonly string[] = ['undone', 'rejected', 'needs_human'];

/** True when something failed last, and nothing newer is on its way. */
export function mayRetry(deployment: Stated): boolean {
  const { lastSync, currentStatus, generation, observedGeneration, isDeleting } = deployment;
  if (isDeleting || isRolling(deployment) || observedGeneration < generation) return false;
  const isBroken = currentStatus === 'failed' || currentStatus === 'degraded';
  return isBroken || (lastSync !== null && failures.includes(lastSync.status));
}

/** State and word that a deployment is shown with; what needs a person comes before everything else. */
export function deploymentState(deployment: Stated): { state: StateName; word: string } {
  const { lastSync, currentStatus, desiredStatus, isDeleting, isPaused } = deployment;
  if (lastSync?.status === 'needs_human') return { state: 'failure', word: 'Needs a person' };
  if (isDeleting) return { state: 'running', word: 'Being removed' };
  if (lastSync?.status === 'undoing') return { state: 'running', word: 'Undoing' };
  if (lastSync?.status === 'waiting') return { state: 'waiting', word: 'Waiting' };
  if (isRolling(deployment) && isPaused) return { state: 'paused', word: 'Paused' };
  if (lastSync?.status === 'baking') return { state: 'running', word: 'Baking' };
  if (isRolling(deployment) || currentStatus === 'syncing')
    return { state: 'running', word: 'Rolling out' };
  if (currentStatus === 'pending') return { state: 'queued', word: 'Pending' };
  if (currentStatus === 'failed') return { state: 'failure', word: 'Failed' };
  if (desiredStatus === 'stopped') return { state: 'cancelled', word: 'Stopped' };
  if (currentStatus === 'degraded') return { state: 'degraded', word: 'Degraded' };
  return { state: 'success', word: 'Healthy' };
}

/** True when what is desired has not been reached, and nothing is on its way there. */
export function isOutOfSync(deployment: Stated): boolean {
  return deployment.observedGeneration < deployment.generation && !isRolling(deployment);
}

/** True when what was rolled out last failed, though what was there before may serve, and nothing newer is on its way. */
export function isBroken(deployment: Stated): boolean {
  const { lastSync, currentStatus } = deployment;
  // Not let through at its gate is a decision, no failure.
  const isDecided = lastSync?.status === 'rejected';
  return mayRetry(deployment) && (!isDecided || ['failed', 'degraded'].includes(currentStatus));
}

/** True when somebody should look at it. */
export function wantsAttention(deployment: Stated & Pick<Deployment, 'drift'>): boolean {
  const { state } = deploymentState(deployment);
  const isAsking = ['failure', 'degraded', 'waiting'].includes(state);
  return isAsking || isBroken(deployment) || deployment.drift.length > 0;
}

/** `sha256:1a2b3c4` of what is pinned by digest, else the image's last part with its tag. */
export function shortImage(imageRef: string): string {
  const digest = /@sha256:([0-9a-f]{7})/.exec(imageRef)?.[1];
  if (digest !== undefined) return `sha256:${digest}`;
  return imageRef.split('/').at(-1) ?? imageRef;
}

/** When a bake that began at `since` (ms) has this many ms left; 0 when it is over. */
export function bakeLeft(since: number, bakeSeconds: number, now: number): number {
  return Math.max(0, since + bakeSeconds * 1000 - now);
}
