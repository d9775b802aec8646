import type { Manifest } from '../../contracts/deploy/manifest.ts';
import type { ObjectHealth } from '../../contracts/deploy/target.ts';
import { conditionsOf, listAt, numberAt, part, textAt } from './part.ts';

/** What no wait will mend: the settings of the pod are wrong. */
const hopeless = new Set([
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'ErrImageNeverPull',
  'RunContainerError',
]);
const MIN_RESTARTS = 2;

/**
 * The worst that pods of a rollout tell, or null when they are just not ready yet. `degraded` when waiting will not help:
 * it keeps crashing, or cannot even start.
 */
export function troubleOf(pods: readonly Manifest[]): ObjectHealth | null {
  const found = pods
    .filter((pod) => pod.metadata['deletionTimestamp'] === undefined)
    .flatMap((pod) => troubleOfPod(pod));
  return found.find(({ status }) => status === 'degraded') ?? found[0] ?? null;
}

function troubleOfPod(pod: Manifest): ObjectHealth[] {
  const statuses = [
    ...listAt(pod, 'status', 'initContainerStatuses'),
    ...listAt(pod, 'status', 'containerStatuses'),
  ];
  const found = statuses.flatMap((status) => troubleOfContainer(pod, status));
  const unplaced = conditionsOf(pod).find(
    ({ type, status }) => type === 'PodScheduled' && status === 'False',
  );
  if (unplaced !== undefined) {
    found.push({
      status: 'progressing',
      message: `pod ${pod.metadata.name} has no node: ${unplaced.message}`,
    });
  }
  return found;
}

function troubleOfContainer(pod: Manifest, status: unknown): ObjectHealth[] {
  const restarts = numberAt(status, ['restartCount']);
  const reason = textAt(status, 'state', 'waiting', 'reason');
  const name = `${pod.metadata.name}/${textAt(status, 'name')}`;
  const ended =
    part(status, 'state', 'terminated') ?? part(status, 'lastState', 'terminated') ?? null;
  if (reason === 'CrashLoopBackOff' || (ended !== null && restarts >= MIN_RESTARTS)) {
    const code = numberAt(ended, ['exitCode'], -1);
    const isReady = part(status, 'ready') === true;
    if (isReady) return [];
    return [
      {
        status: restarts >= MIN_RESTARTS ? 'degraded' : 'progressing',
        message: `${name} exited with code ${code} (${restarts} restarts)`,
      },
    ];
  }
  if (hopeless.has(reason) || /^(?:ErrImagePull|ImagePullBackOff)$/.test(reason)) {
    const said = textAt(status, 'state', 'waiting', 'message').slice(0, 300);
    return [
      {
        status: hopeless.has(reason) || reason === 'ImagePullBackOff' ? 'degraded' : 'progressing',
        message: `${name}: ${reason}${said === '' ? '' : `, ${said}`}`,
      },
    ];
  }
  return [];
}
