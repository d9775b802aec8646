import type { Manifest } from '../../contracts/deploy/manifest.ts';
import type { ObjectHealth, TargetScope } from '../../contracts/deploy/target.ts';
import type { KubeClient } from './kube-client.ts';
import { isStatus } from './kube-error.ts';
import { healthOf } from './object-health.ts';
import { part, textAt } from './part.ts';
import { troubleOf } from './pod-trouble.ts';

const revision = 'deployment.kubernetes.io/revision';
const withPods = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job']);

/** Health of an object together with what explains it: the pods of a rollout, the storage class of a claim. */
export class WorkloadHealth {
  readonly #client: KubeClient;

  constructor(client: KubeClient) {
    this.#client = client;
  }

  async of(scope: TargetScope, object: Manifest): Promise<ObjectHealth> {
    const health = healthOf(object, Date.now());
    if (health.status === 'healthy' || health.status === 'suspended') return health;
    if (object.kind === 'Pod') return withTrouble(health, [object]);
    if (object.kind === 'PersistentVolumeClaim') return await this.#claim(scope, object, health);
    if (!withPods.has(object.kind)) return health;
    try {
      return withTrouble(health, await this.#podsOf(scope, object));
    } catch (error) {
      // The pods only explain; who may not list them still hears how the rollout is.
      if (isStatus(error, 403, 404)) return health;
      throw error;
    }
  }

  /** Pods of the revision that is being rolled out: those of the one before may crash as they like. */
  async #podsOf(scope: TargetScope, object: Manifest): Promise<Manifest[]> {
    const labelSelector = await this.#selectorOf(scope, object);
    if (labelSelector === null) return [];
    const path = `/api/v1/namespaces/${encodeURIComponent(scope.namespace)}/pods`;
    return await this.#client.list(scope.deploymentId, path, { labelSelector });
  }

  async #selectorOf(scope: TargetScope, object: Manifest): Promise<string | null> {
    const selector = selectorText(object);
    if (selector === null) return null;
    if (object.kind === 'StatefulSet') {
      return `${selector},controller-revision-hash=${textAt(object, 'status', 'updateRevision')}`;
    }
    if (object.kind === 'DaemonSet') {
      const generation = 'deprecated.daemonset.template.generation';
      const current = textAt(object, 'metadata', 'annotations', generation);
      return `${selector},pod-template-generation=${current}`;
    }
    if (object.kind !== 'Deployment') return selector;
    const path = `/apis/apps/v1/namespaces/${encodeURIComponent(scope.namespace)}/replicasets`;
    const sets = await this.#client.list(scope.deploymentId, path, { labelSelector: selector });
    const current = textAt(object, 'metadata', 'annotations', revision);
    const newest = sets.find((set) => set.metadata.annotations?.[revision] === current);
    const hash = newest?.metadata.labels?.['pod-template-hash'];
    return hash === undefined ? null : `${selector},pod-template-hash=${hash}`;
  }

  /** A claim of a class that binds late waits for a pod, which comes in a later wave: there is nothing to wait for. */
  async #claim(scope: TargetScope, claim: Manifest, health: ObjectHealth): Promise<ObjectHealth> {
    const name = textAt(claim, 'spec', 'storageClassName');
    if (name === '' || health.status !== 'progressing') return health;
    try {
      const path = `/apis/storage.k8s.io/v1/storageclasses/${encodeURIComponent(name)}`;
      const storage = await this.#client.get(scope.deploymentId, path);
      return textAt(storage, 'volumeBindingMode') === 'WaitForFirstConsumer'
        ? { status: 'healthy', message: 'is bound as soon as a pod uses it' }
        : health;
    } catch (error) {
      if (isStatus(error, 403)) return health;
      throw error;
    }
  }
}

function withTrouble(health: ObjectHealth, pods: readonly Manifest[]): ObjectHealth {
  const trouble = troubleOf(pods);
  if (trouble === null) return health;
  const status = health.status === 'degraded' ? 'degraded' : trouble.status;
  return { status, message: `${health.message}; ${trouble.message}` };
}

/** `matchLabels` as the query takes it; null where it says nothing or more than we read. */
function selectorText(object: Manifest): string | null {
  const labels = part(object, 'spec', 'selector', 'matchLabels');
  if (typeof labels !== 'object' || labels === null) return null;
  const words = Object.entries(labels).map(([key, value]) => `${key}=${String(value)}`);
  return words.length === 0 ? null : words.join(',');
}
