import type { Manifest } from '../../contracts/deploy/manifest.ts';
import type { HealthStatus, ObjectHealth } from '../../contracts/deploy/target.ts';
import { conditionsOf, listAt, numberAt, part, textAt } from './part.ts';

/** How long an Ingress may wait for an address before nobody is expected to give it one. */
const INGRESS_WAIT_MS = 60_000;

const health = (status: HealthStatus, message: string): ObjectHealth => ({ status, message });

/**
 * Health of an object by what it says about itself. A kind that is not known by name is read by its `status.conditions`;
 * one without any is healthy as soon as it is there.
 * @param now ms since epoch
 */
export function healthOf(object: Manifest, now: number): ObjectHealth {
  if (object.metadata['deletionTimestamp'] !== undefined) {
    return health('progressing', 'is being deleted');
  }
  const generation = numberAt(object, ['metadata', 'generation']);
  const observed = part(object, 'status', 'observedGeneration');
  if (typeof observed === 'number' && observed < generation) {
    return health('progressing', 'its controller has not seen the change yet');
  }
  const ofKind = byKind[object.kind];
  return ofKind === undefined ? byConditions(object) : ofKind(object, now);
}

const byKind: Readonly<Record<string, (object: Manifest, now: number) => ObjectHealth>> = {
  Deployment: deployment,
  ReplicaSet: (object) => replicas(object, 'availableReplicas'),
  ReplicationController: (object) => replicas(object, 'availableReplicas'),
  StatefulSet: statefulSet,
  DaemonSet: daemonSet,
  Job: job,
  Pod: pod,
  Service: service,
  Ingress: ingress,
  PersistentVolumeClaim: claim,
  CronJob: (object) =>
    part(object, 'spec', 'suspend') === true
      ? health('suspended', 'is suspended')
      : health('healthy', 'is scheduled'),
};

function deployment(object: Manifest): ObjectHealth {
  if (part(object, 'spec', 'paused') === true) return health('suspended', 'is paused');
  if (part(object, 'status', 'observedGeneration') === undefined) return unseen();
  const late = conditionsOf(object).find(({ reason }) => reason === 'ProgressDeadlineExceeded');
  if (late !== undefined) return health('degraded', late.message);
  const wanted = numberAt(object, ['spec', 'replicas'], 1);
  const updated = numberAt(object, ['status', 'updatedReplicas']);
  if (updated < wanted) return health('progressing', `${updated} of ${wanted} replicas updated`);
  const ending = numberAt(object, ['status', 'replicas']) - updated;
  if (ending > 0) return health('progressing', `${ending} old replicas are ending`);
  return replicas(object, 'availableReplicas');
}

function replicas(object: Manifest, field: string): ObjectHealth {
  const wanted = numberAt(object, ['spec', 'replicas'], 1);
  const ready = numberAt(object, ['status', field]);
  return health(ready < wanted ? 'progressing' : 'healthy', `${ready} of ${wanted} replicas ready`);
}

function statefulSet(object: Manifest): ObjectHealth {
  if (part(object, 'status', 'observedGeneration') === undefined) return unseen();
  const wanted = numberAt(object, ['spec', 'replicas'], 1);
  if (textAt(object, 'spec', 'updateStrategy', 'type') !== 'OnDelete') {
    const partition = numberAt(object, ['spec', 'updateStrategy', 'rollingUpdate', 'partition']);
    const updated = numberAt(object, ['status', 'updatedReplicas']);
    const due = Math.max(0, wanted - partition);
    if (updated < due) return health('progressing', `${updated} of ${due} replicas updated`);
  }
  return replicas(object, 'readyReplicas');
}

function daemonSet(object: Manifest): ObjectHealth {
  if (part(object, 'status', 'observedGeneration') === undefined) return unseen();
  const wanted = numberAt(object, ['status', 'desiredNumberScheduled']);
  const updated = numberAt(object, ['status', 'updatedNumberScheduled']);
  const ready = numberAt(object, ['status', 'numberAvailable']);
  const isRolling = textAt(object, 'spec', 'updateStrategy', 'type') !== 'OnDelete';
  if (isRolling && updated < wanted) {
    return health('progressing', `${updated} of ${wanted} nodes updated`);
  }
  return health(ready < wanted ? 'progressing' : 'healthy', `ready on ${ready} of ${wanted} nodes`);
}

function job(object: Manifest): ObjectHealth {
  for (const { type, status, message } of conditionsOf(object)) {
    if (status !== 'True') continue;
    if (type === 'Failed') return health('degraded', message === '' ? 'it failed' : message);
    if (type === 'Complete') return health('healthy', 'it completed');
    if (type === 'Suspended') return health('suspended', 'is suspended');
  }
  return health('progressing', `${numberAt(object, ['status', 'active'])} pods at work`);
}

function pod(object: Manifest): ObjectHealth {
  const phase = textAt(object, 'status', 'phase');
  if (phase === 'Succeeded') return health('healthy', 'it completed');
  if (phase === 'Failed')
    return health('degraded', textAt(object, 'status', 'message') || 'failed');
  const ready = conditionsOf(object).find(({ type }) => type === 'Ready');
  return ready?.status === 'True'
    ? health('healthy', 'is ready')
    : health('progressing', ready?.message === '' || !ready ? 'is starting' : ready.message);
}

function service(object: Manifest): ObjectHealth {
  const isBalanced = textAt(object, 'spec', 'type') === 'LoadBalancer';
  return isBalanced && listAt(object, 'status', 'loadBalancer', 'ingress').length === 0
    ? health('progressing', 'waits for the address of its load balancer')
    : health('healthy', 'is there');
}

/** Many clusters have no controller that gives an Ingress an address; waiting for one for ever would fail every rollout. */
function ingress(object: Manifest, now: number): ObjectHealth {
  if (listAt(object, 'status', 'loadBalancer', 'ingress').length > 0) {
    return health('healthy', 'has an address');
  }
  const age = now - Date.parse(textAt(object, 'metadata', 'creationTimestamp'));
  return age < INGRESS_WAIT_MS
    ? health('progressing', 'waits for an address')
    : health('healthy', 'is there, no controller gave it an address');
}

function claim(object: Manifest): ObjectHealth {
  const phase = textAt(object, 'status', 'phase');
  if (phase === 'Bound') return health('healthy', 'is bound');
  return phase === 'Lost'
    ? health('degraded', 'its volume is lost')
    : health('progressing', 'waits for a volume');
}

const good = ['Ready', 'Available', 'Healthy', 'Established', 'Succeeded', 'Synced'];
const bad = ['Stalled', 'Degraded', 'Failed'];

/** Custom resources by the conditions most of them use. */
function byConditions(object: Manifest): ObjectHealth {
  const conditions = conditionsOf(object);
  const say = (message: string, reason: string) => message || reason;
  for (const { type, status, message, reason } of conditions) {
    if (bad.includes(type) && status === 'True') {
      return health('degraded', say(message, reason || type));
    }
  }
  const working = conditions.find(
    ({ type, status }) => type === 'Reconciling' && status === 'True',
  );
  if (working !== undefined) return health('progressing', say(working.message, working.reason));
  const main = good
    .map((type) => conditions.find((condition) => condition.type === type))
    .find((condition) => condition !== undefined);
  if (main === undefined) return health('healthy', 'is there');
  return main.status === 'True'
    ? health('healthy', say(main.message, main.type))
    : health('progressing', say(main.message, `${main.type} is ${main.status}`));
}

function unseen(): ObjectHealth {
  return health('progressing', 'its controller has not seen it yet');
}
