import type { Change } from '../api/types.ts';
import type { StateName } from './state-name.ts';

interface Shown {
  state: StateName;
  word: string;
}

/** How a change as a whole is shown. */
export const changeStates: Readonly<Record<Change['state'], Shown>> = {
  needs_human: { state: 'failure', word: 'Needs a person' },
  waiting: { state: 'waiting', word: 'Waiting' },
  rolled_back: { state: 'blocked', word: 'Rolled back' },
  deployed: { state: 'success', word: 'Deployed' },
  deploying: { state: 'running', word: 'Deploying' },
  failure: { state: 'failure', word: 'Failed' },
  running: { state: 'running', word: 'Running' },
  success: { state: 'success', word: 'Passed' },
  cancelled: { state: 'cancelled', word: 'Cancelled' },
  merged: { state: 'success', word: 'Merged' },
  open: { state: 'queued', word: 'Open' },
  pushed: { state: 'queued', word: 'Pushed' },
};

const good = ['success', 'succeeded', 'approved', 'approve', 'merged', 'healthy'];
const bad = [
  'failure',
  'failed',
  'rejected',
  'reject',
  'needs_human',
  'expired',
  'request_changes',
];
const underWay = ['running', 'baking', 'undoing', 'syncing'];

/** How one entry of its timeline is shown: each kind has statuses of its own. */
export function entryState(status: string): Shown {
  const word = status.charAt(0).toUpperCase() + status.slice(1).replaceAll('_', ' ');
  if (good.includes(status)) return { state: 'success', word };
  if (bad.includes(status)) return { state: 'failure', word };
  if (underWay.includes(status)) return { state: 'running', word };
  if (status === 'undone') return { state: 'blocked', word };
  if (status === 'waiting' || status === 'open') return { state: 'waiting', word };
  if (status === 'pending') return { state: 'queued', word };
  return { state: 'cancelled', word };
}
