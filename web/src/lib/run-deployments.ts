import type { Run } from '../api/types.ts';
import type { StateName } from './state-name.ts';

/** What became of one deployment that a run asked for. */
export type RunDeployment = Run['deployments'][number];

/** State and words of each end; the words go on after the name of the environment. */
export const runDeploymentEnds: Readonly<
  Record<RunDeployment['status'], { state: StateName; says: string }>
> = {
  pending: { state: 'queued', says: 'has not begun' },
  running: { state: 'running', says: 'is under way' },
  waiting: { state: 'waiting', says: 'waits for an approval' },
  baking: { state: 'running', says: 'is watched before it counts as good' },
  undoing: { state: 'running', says: 'failed and is being undone' },
  succeeded: { state: 'success', says: 'succeeded' },
  superseded: { state: 'cancelled', says: 'was overtaken by something newer' },
  undone: { state: 'failure', says: 'failed and was undone' },
  rejected: { state: 'cancelled', says: 'was not let through' },
  needs_human: { state: 'failure', says: 'failed, its undo too: it needs a person' },
  refused: { state: 'failure', says: 'was refused' },
};

/** Those that failed, which a run that passed must not hide, and the others. */
export function splitFailed(deployments: readonly RunDeployment[]): {
  failed: RunDeployment[];
  others: RunDeployment[];
} {
  const isFailed = ({ status }: RunDeployment): boolean =>
    runDeploymentEnds[status].state === 'failure';
  return {
    failed: deployments.filter(isFailed),
    others: deployments.filter((one) => !isFailed(one)),
  };
}
