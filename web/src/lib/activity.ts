import type { EventRecord } from '../../../contracts/event/types.ts';

/** What people want to hear of; each step that starts and ends is on the page of its run. */
export const activityTypes = [
  'git.pushed',
  'git.push_refused',
  'project.created',
  'project.deleted',
  'pipeline.completed',
  'pipeline.paused',
  'pipeline.resumed',
  'step.failed',
  'gate.opened',
  'gate.decided',
  'deployment.synced',
  'deployment.failed',
  'deployment.rolled_back',
  'deployment.quarantined',
  'deployment.needs_human',
  'secret.changed',
  'secret.deleted',
  'user.created',
  'access.changed',
] as const;

/** True for an event that people want to hear of. */
export function isActivity({ type }: Pick<EventRecord, 'type'>): boolean {
  return (activityTypes as readonly string[]).includes(type);
}
