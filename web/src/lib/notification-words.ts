import type { Notification } from '../api/types.ts';

/** What a type of notification is called. */
export const notificationWords: Readonly<Record<Notification['type'], string>> = {
  build_failed: 'A pipeline failed',
  mr_created: 'A merge request was opened',
  gate_waiting: 'A gate waits for a decision',
  deployment_synced: 'A deployment finished',
  deployment_failed: 'A deployment failed',
  deployment_rolled_back: 'A deployment was rolled back',
  deployment_needs_human: 'A deployment needs a person',
  sign_in_guessed: 'Somebody tries your password',
  agent_completed: 'An agent finished',
  alert_firing: 'An alert fires',
};
