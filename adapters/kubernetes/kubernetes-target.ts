import { setTimeout as sleep } from 'node:timers/promises';
import { type Manifest, type ObjectRef, refKey, refOf } from '../../contracts/deploy/manifest.ts';
import {
  type DeployTarget,
  type FieldDrift,
  fieldManager,
  type LiveObject,
  isOurs,
  type ObjectHealth,
  ownerLabel,
  type TargetScope,
} from '../../contracts/deploy/target.ts';
import { foreignWords } from '../../contracts/shared/foreign-words.ts';
import { DomainError } from '../../contracts/problems.ts';
import { appliedForm, fingerprint } from './applied-form.ts';
import { compareLive } from './compare-live.ts';
import { isOtherRun } from './job-run.ts';
import { KindCatalog, type KnownKind } from './kinds.ts';
import { connectToKube, type KubeLocation, type SendToKube } from './kube-connection.ts';
import { KubeClient, type RetryLimits } from './kube-client.ts';
import { asDomainError, isStatus } from './kube-error.ts';
import { OwnedObjects } from './owned-objects.ts';
import { isForeign, refuseForeign, withoutContent } from './ownership.ts';
import { textAt } from './part.ts';
import { addressesOf } from './service-addresses.ts';
import { WorkloadHealth } from './workload-health.ts';

const MAX_CONFLICTS = 6;
const GONE_WITHIN_MS = 120_000;

/** A cluster by its kubeconfig. Throws `unavailable` when there is none. */
export async function openKubernetesTarget(
  location: KubeLocation,
  limits?: Partial<RetryLimits>,
): Promise<DeployTarget> {
  return createKubernetesTarget(await connectToKube(location), limits);
}

/** A cluster behind `send`; see DeployTarget for what each call promises. */
export function createKubernetesTarget(
  send: SendToKube,
  limits?: Partial<RetryLimits>,
): DeployTarget {
  const client = new KubeClient(send, limits);
  const target = new KubernetesTarget(client);
  const told =
    <Args extends [TargetScope, ...unknown[]], Result>(
      run: (...args: Args) => Promise<Result>,
      name: (...args: Args) => string,
    ) =>
    async (...args: Args): Promise<Result> => {
      try {
        return await run(...args);
      } catch (error) {
        throw asDomainError(error, name(...args));
      }
    };
  const ofRef = (_scope: TargetScope, ref: ObjectRef) => refKey(ref);
  const ofManifest = (_scope: TargetScope, manifest: Manifest) => refKey(refOf(manifest));
  const ofScope = (scope: TargetScope) => `the namespace ${scope.namespace}`;
  return {
    kind: 'kubernetes',
    apply: told((scope, manifest) => target.apply(scope, manifest), ofManifest),
    read: told((scope, ref) => target.read(scope, ref), ofRef),
    list: told((scope) => target.list(scope), ofScope),
    remove: told((scope, ref) => target.remove(scope, ref), ofRef),
    release: told((scope, ref) => target.release(scope, ref), ofRef),
    removeNamespace: told((scope) => target.removeNamespace(scope), ofScope),
    health: told(target.health.bind(target), ofRef),
    drift: told(target.drift.bind(target), ofManifest),
    addresses: told(async (scope) => {
      const objects = await target.list(scope);
      return addressesOf(objects.map(({ object }) => object));
    }, ofScope),
  };
}

interface Place {
  path: string;
  kind: KnownKind;
}

class KubernetesTarget {
  readonly #client: KubeClient;
  readonly #kinds: KindCatalog;
  readonly #owned: OwnedObjects;
  readonly #health: WorkloadHealth;
  /** what was found without drift, by deployment and object */
  readonly #clean = new Map<string, string>();

  constructor(client: KubeClient) {
    this.#client = client;
    this.#kinds = new KindCatalog(client);
    this.#owned = new OwnedObjects(client, this.#kinds);
    this.#health = new WorkloadHealth(client);
  }

  async apply(scope: TargetScope, manifest: Manifest): Promise<{ uid: string; changed: boolean }> {
    const { path, kind } = await this.#place(scope, refOf(manifest));
    const end = performance.now() + GONE_WITHIN_MS;
    const isInTime = () => performance.now() < end;
    for (let attempt = 0; ; attempt += 1) {
      const before = await this.#client.get(scope.deploymentId, path);
      if (before !== null) refuseForeign(scope, before);
      if (before?.metadata['deletionTimestamp'] !== undefined && isInTime()) {
        await sleep(this.#client.backoff(Math.min(attempt, 3), null)); // what is applied now would vanish with it
        continue;
      }
      try {
        const after = await this.#patch(scope, path, appliedForm(scope, manifest, kind, before));
        this.#owned.note(scope, kind);
        const version = textAt(after, 'metadata', 'resourceVersion');
        const changed = version !== textAt(before, 'metadata', 'resourceVersion');
        return { uid: textAt(after, 'metadata', 'uid'), changed };
      } catch (error) {
        if (isStatus(error, 404) && kind.isNamespaced && attempt < MAX_CONFLICTS) {
          await this.#createNamespace(scope);
        } else if (isOtherRun(before, error) && isOurs(scope, before) && isInTime()) {
          await this.remove(scope, refOf(manifest));
        } else if (!isStatus(error, 409) || attempt >= MAX_CONFLICTS) {
          throw error;
        } else {
          await sleep(this.#client.backoff(attempt, null));
        }
      }
    }
  }

  async read(scope: TargetScope, ref: ObjectRef): Promise<LiveObject | null> {
    const { path } = await this.#place(scope, ref);
    const object = await this.#client.get(scope.deploymentId, path);
    if (object === null) return null;
    return liveObject(isForeign(scope, object) ? withoutContent(object) : object);
  }

  async list(scope: TargetScope): Promise<LiveObject[]> {
    return (await this.#owned.list(scope)).map(liveObject);
  }

  async remove(scope: TargetScope, ref: ObjectRef): Promise<void> {
    const { path } = await this.#place(scope, ref);
    const end = performance.now() + GONE_WITHIN_MS;
    for (let attempt = 0; ; attempt += 1) {
      const object = await this.#client.get(scope.deploymentId, path);
      if (object === null) return;
      refuseForeign(scope, object, true);
      if (object.metadata['deletionTimestamp'] === undefined) {
        await this.#delete(scope, path, textAt(object, 'metadata', 'uid'));
      }
      if (performance.now() > end) {
        const held = JSON.stringify(object.metadata['finalizers'] ?? []);
        throw new DomainError(
          'timed_out',
          `${refKey(ref)} is still there two minutes after its deletion; it waits for ${held}`,
        );
      }
      await sleep(this.#client.backoff(Math.min(attempt, 3), null));
    }
  }

  async release(scope: TargetScope, ref: ObjectRef): Promise<void> {
    const { path } = await this.#place(scope, ref);
    const object = await this.#client.get(scope.deploymentId, path);
    if (!isOurs(scope, object)) return;
    // The very object that was compared: for one that took its name meanwhile the server refuses the uid.
    const uid = textAt(object, 'metadata', 'uid');
    try {
      await this.#client.request(scope.deploymentId, {
        method: 'PATCH',
        path,
        query: { fieldManager },
        body: { metadata: { uid, labels: { [ownerLabel]: null } } },
        contentType: 'application/merge-patch+json',
      });
    } catch (error) {
      if (!isStatus(error, 404, 409)) throw error;
    }
  }

  async removeNamespace(scope: TargetScope): Promise<void> {
    const path = `/api/v1/namespaces/${scope.namespace}`;
    const end = performance.now() + GONE_WITHIN_MS;
    for (let attempt = 0; ; attempt += 1) {
      const namespace = await this.#client.get(scope.deploymentId, path);
      if (namespace === null || !isOurs(scope, namespace)) return;
      if (namespace.metadata['deletionTimestamp'] === undefined) {
        if (await this.#owned.isShared(scope)) return;
        await this.#delete(scope, path, textAt(namespace, 'metadata', 'uid'));
      }
      if (performance.now() > end) {
        throw new DomainError('timed_out', `the namespace ${scope.namespace} is still there`);
      }
      await sleep(this.#client.backoff(Math.min(attempt, 3), null));
    }
  }

  async health(scope: TargetScope, ref: ObjectRef, live?: LiveObject): Promise<ObjectHealth> {
    const object = await this.#liveOf(scope, await this.#place(scope, ref), live);
    if (object === null) return { status: 'missing', message: 'is not there' };
    if (isForeign(scope, object)) return { status: 'missing', message: 'is another deployment’s' };
    const { status, message } = await this.#health.of(scope, object);
    // Conditions and the words of a container that does not start are written by programs of the deployment too.
    return { status, message: foreignWords(message, 500) };
  }

  /** By a dry run: what the server would make of the object now, compared with what is there. */
  async drift(scope: TargetScope, manifest: Manifest, seen?: LiveObject): Promise<FieldDrift[]> {
    const drift = await this.#driftFrom(scope, manifest, seen);
    // It may have changed since it was listed: only what is not as desired now is drift.
    return seen === undefined || drift.length === 0 ? drift : this.#driftFrom(scope, manifest);
  }

  async #driftFrom(
    scope: TargetScope,
    manifest: Manifest,
    seen?: LiveObject,
  ): Promise<FieldDrift[]> {
    const place = await this.#place(scope, refOf(manifest));
    const { path, kind } = place;
    const live = await this.#liveOf(scope, place, seen);
    if (live === null || isForeign(scope, live)) {
      this.#clean.delete(`${scope.deploymentId} ${path}`);
      const desired = manifest.kind === 'Secret' ? '(hidden)' : manifest;
      return [{ ref: refOf(manifest), path: '', desired, live: null, manager: null }];
    }
    const form = appliedForm(scope, manifest, kind, null);
    const print = fingerprint(form, live);
    const key = `${scope.deploymentId} ${path}`;
    // Asked again of the very same object, the server would say the same: a dry run costs it as much as an apply.
    if (this.#clean.get(key) === print) return [];
    const drift = await compareLive(form, live, {
      read: () => this.#client.get(scope.deploymentId, path),
      dryRun: () => this.#patch(scope, path, form, { dryRun: 'All' }),
    });
    if (drift.length === 0) this.#clean.set(key, print);
    else this.#clean.delete(key);
    return drift;
  }

  /** The object as it was seen, unless that was in another version of its kind. */
  async #liveOf(
    scope: TargetScope,
    { path, kind }: Place,
    seen: LiveObject | undefined,
  ): Promise<Manifest | null> {
    if (seen?.object.apiVersion === kind.apiVersion) return seen.object;
    return await this.#client.get(scope.deploymentId, path);
  }

  /** Where an object is, if the scope may touch it. */
  async #place(scope: TargetScope, ref: ObjectRef): Promise<Place> {
    const kind = await this.#kinds.find(scope.deploymentId, ref);
    if (!kind.isNamespaced && scope.clusterScope !== true) {
      throw new DomainError(
        'forbidden',
        `${refKey(ref)} belongs to the whole cluster: this deployment may only touch ${scope.namespace}`,
      );
    }
    if (kind.isNamespaced && ref.namespace !== '' && ref.namespace !== scope.namespace) {
      throw new DomainError(
        'forbidden',
        `${refKey(ref)} is not in ${scope.namespace}, which is all this deployment may touch`,
      );
    }
    return { kind, path: this.#kinds.objectPath(kind, scope.namespace, ref.name) };
  }

  async #patch(
    scope: TargetScope,
    path: string,
    body: Manifest,
    query: Record<string, string> = {},
  ): Promise<Manifest> {
    return (await this.#client.request(scope.deploymentId, {
      method: 'PATCH',
      path,
      query: { fieldManager, force: 'true', ...query },
      body,
      contentType: 'application/apply-patch+yaml',
    })) as Manifest;
  }

  /** Of exactly the object that was read: one that took its name meanwhile stays. */
  async #delete(scope: TargetScope, path: string, uid: string): Promise<void> {
    try {
      await this.#client.request(scope.deploymentId, {
        method: 'DELETE',
        path,
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          propagationPolicy: 'Foreground',
          preconditions: { uid },
        },
      });
    } catch (error) {
      if (!isStatus(error, 404, 409)) throw error;
    }
  }

  async #createNamespace({ deploymentId, namespace }: TargetScope): Promise<void> {
    const labels = { 'app.kubernetes.io/managed-by': fieldManager, [ownerLabel]: deploymentId };
    const metadata = { name: namespace, labels };
    try {
      await this.#client.request(deploymentId, {
        method: 'POST',
        path: '/api/v1/namespaces',
        query: { fieldManager },
        body: { apiVersion: 'v1', kind: 'Namespace', metadata },
      });
    } catch (error) {
      if (!isStatus(error, 409)) throw error;
    }
  }
}

function liveObject(object: Manifest): LiveObject {
  return { ref: refOf(object), uid: textAt(object, 'metadata', 'uid'), object };
}
