import type { Manifest } from '../../contracts/deploy/manifest.ts';
import type { ObjectHealth } from '../../contracts/deploy/target.ts';
import {
  jobHealth,
  jobStatusField,
  rolloutHealth,
  rolloutStatusField,
  serviceHealth,
} from './health.ts';
import { understand, type Understood } from './manifest-schema.ts';
import type { Services } from './services.ts';
import { keyOfObject, type StateStore, type StoredObject } from './state-store.ts';
import type { Workloads } from './workloads.ts';
import { appsAddress } from './apps-address.ts';

interface Observed {
  store: StateStore;
  workloads: Workloads;
  services: Services;
}

const ending: ObjectHealth = { status: 'progressing', message: 'its process is ending' };

/** How an object is, in the words of Argo CD. */
export function objectHealth(parts: Observed, object: StoredObject | undefined): ObjectHealth {
  if (object === undefined) return { status: 'missing', message: 'it is not there' };
  const key = keyOfObject(object);
  const what = understand(object.live);
  switch (what.kind) {
    case 'Deployment':
    case 'StatefulSet': {
      const rollout = parts.workloads.rollout(key);
      if (rollout !== undefined) return rolloutHealth(rollout.status());
      return { status: 'unknown', message: 'it is not supervised; apply it again' };
    }
    case 'Job': {
      const job = parts.workloads.job(key);
      const status = job?.status ?? object.job;
      const isEnding = what.spec.suspend && parts.workloads.replicasOf(key).length > 0;
      if (status?.result === null && isEnding) return ending;
      if (status !== null) return jobHealth(status, what.spec.suspend);
      return { status: 'unknown', message: 'it is not supervised; remove and apply it again' };
    }
    case 'Service': {
      const wanted = wantedBehind(parts.store.of(object.deploymentId), what.spec.selector);
      const { services } = parts;
      return serviceHealth(services.readyOf(key), wanted, services.noticesOf(key));
    }
    case 'Ingress':
      return ingressHealth(parts.store, object.deploymentId, what);
    case 'ConfigMap':
    case 'Secret':
    case 'Namespace':
      return { status: 'healthy', message: 'it is there' };
  }
}

/** The object with its `status`, as Kubernetes would show it. */
export function withStatus(parts: Observed, object: StoredObject): Manifest {
  const { uid, generation, createdAt, live } = object;
  const metadata = { ...live.metadata, uid, generation, creationTimestamp: createdAt };
  const status = statusOf(parts, object);
  return { ...live, metadata, ...(status === null ? {} : { status }) };
}

function statusOf(parts: Observed, object: StoredObject): object | null {
  const key = keyOfObject(object);
  const rollout = parts.workloads.rollout(key);
  if (rollout !== undefined) return rolloutStatusField(rollout.status(), object.generation);
  const job = parts.workloads.job(key);
  if (job !== undefined) return jobStatusField(job.status);
  const ports = Object.entries(object.ports).map(([port, hostPort]) => ({
    port: Number(port),
    hostPort,
  }));
  return object.live.kind === 'Service'
    ? { loadBalancer: { ingress: [{ ip: appsAddress, ports }] } }
    : null;
}

/** How many replicas the objects that a selector matches ask for; null when it matches none. */
function wantedBehind(
  objects: readonly StoredObject[],
  selector: Readonly<Record<string, string>>,
): number | null {
  const pairs = Object.entries(selector);
  let wanted: number | null = null;
  for (const { live } of pairs.length === 0 ? [] : objects) {
    const what = understand(live);
    if (what.kind !== 'Deployment' && what.kind !== 'StatefulSet') continue;
    const { labels } = what.spec.template.metadata;
    if (!pairs.every(([key, value]) => labels[key] === value)) continue;
    wanted = (wanted ?? 0) + what.spec.replicas;
  }
  return wanted;
}

function ingressHealth(
  store: StateStore,
  deploymentId: string,
  { spec }: Extract<Understood, { kind: 'Ingress' }>,
): ObjectHealth {
  const names = spec.rules.flatMap(({ http }) =>
    (http?.paths ?? []).map(({ backend }) => backend.service.name),
  );
  const gone = names.find(
    (name) => store.get(deploymentId, { apiVersion: 'v1', kind: 'Service', name }) === undefined,
  );
  if (gone === undefined) {
    return { status: 'healthy', message: 'recorded; the local target serves Services only' };
  }
  return { status: 'progressing', message: `the Service ${gone} is not there` };
}
