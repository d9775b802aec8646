import type { ObjectHealth } from '../../contracts/deploy/target.ts';
import type { JobStatus } from './job-run.ts';
import type { RolloutStatus } from './rollout.ts';

const healthy = (message: string): ObjectHealth => ({ status: 'healthy', message });

/** Health of a Deployment or StatefulSet. */
export function rolloutHealth(status: RolloutStatus): ObjectHealth {
  const { wanted, available, updated, present, reason } = status;
  const ready = `${available} of ${wanted} replicas ready`;
  const why = reason === '' ? '' : `; ${reason}`;
  if (status.complete) {
    return healthy(wanted === 0 ? 'scaled to 0, nothing runs' : ready);
  }
  if (status.paused) return { status: 'suspended', message: `paused, ${ready}${why}` };
  if (status.isLate) {
    return { status: 'degraded', message: `no progress within its deadline: ${ready}${why}` };
  }
  if (status.isCrashing) return { status: 'degraded', message: `${ready}${why}` };
  const old = present - updated;
  const waiting = old > 0 ? `, ${old} old still there` : '';
  return { status: 'progressing', message: `${ready}${waiting}${why}` };
}

export function jobHealth(status: JobStatus, suspended: boolean): ObjectHealth {
  if (status.result === 'succeeded') return healthy(status.message);
  const tries = status.failed === 0 ? '' : ` (failed ${times(status.failed)})`;
  if (status.result === 'failed')
    return { status: 'degraded', message: `${status.message}${tries}` };
  if (suspended) return { status: 'suspended', message: 'suspended' };
  return { status: 'progressing', message: `${status.message}${tries}` };
}

/** @param wanted replicas that the objects behind the selector ask for; null: nothing is behind it */
export function serviceHealth(
  ready: number,
  wanted: number | null,
  notices: readonly string[],
): ObjectHealth {
  const { status, message } = endpointHealth(ready, wanted);
  return { status, message: [message, ...notices].join('; ') };
}

function endpointHealth(ready: number, wanted: number | null): ObjectHealth {
  if (ready > 0) return healthy(`${ready} ready ${ready === 1 ? 'endpoint' : 'endpoints'}`);
  // What it selects may come with a later wave, which waits for this one.
  if (wanted === null) return healthy('nothing matches its selector yet');
  if (wanted === 0) return healthy('what it selects is scaled to 0');
  return { status: 'progressing', message: 'no ready endpoint' };
}

/** The `status` field as Kubernetes writes it, for those who read objects. */
export function rolloutStatusField(status: RolloutStatus, generation: number): object {
  const yes = (is: boolean): string => (is ? 'True' : 'False');
  return {
    observedGeneration: generation,
    replicas: status.present,
    updatedReplicas: status.updated,
    readyReplicas: status.ready,
    availableReplicas: status.available,
    conditions: [
      { type: 'Available', status: yes(status.available >= status.wanted) },
      {
        type: 'Progressing',
        status: yes(!status.isLate),
        reason: status.isLate ? 'ProgressDeadlineExceeded' : 'ReplicaSetUpdated',
      },
    ],
  };
}

export function jobStatusField(status: JobStatus): object {
  const condition = { succeeded: 'Complete', failed: 'Failed' };
  return {
    failed: status.failed,
    ...(status.result === 'succeeded' ? { succeeded: 1 } : {}),
    ...(status.result === null ? { active: 1 } : {}),
    conditions: status.result === null ? [] : [{ type: condition[status.result], status: 'True' }],
  };
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
