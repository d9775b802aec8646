import { type Manifest, refKey, refOf } from '../../contracts/deploy/manifest.ts';
import { fieldManager, ownerLabel, type TargetScope } from '../../contracts/deploy/target.ts';
import type { KindCatalog, KnownKind } from './kinds.ts';
import type { KubeClient } from './kube-client.ts';
import { isStatus } from './kube-error.ts';
import { listAt, textAt } from './part.ts';

const SWEEP_MS = 10 * 60_000;

/** Kinds of which a deployment had objects, as far as this process knows. */
interface Memory {
  /** by group and kind */
  kinds: Map<string, KnownKind>;
  /** when every kind of the cluster was last asked for, by the monotonic clock */
  sweptAt: number;
}

/**
 * Finds the objects of a deployment by its label. All kinds of the cluster are asked for at first and every ten minutes,
 * in between only those that were ever found or applied.
 */
export class OwnedObjects {
  readonly #client: KubeClient;
  readonly #catalog: KindCatalog;
  readonly #memories = new Map<string, Memory>();

  constructor(client: KubeClient, catalog: KindCatalog) {
    this.#client = client;
    this.#catalog = catalog;
  }

  /** An object of this kind was applied. */
  note(scope: TargetScope, kind: KnownKind): void {
    this.#memoryOf(scope).kinds.set(keyOf(kind), kind);
  }

  async list(scope: TargetScope): Promise<Manifest[]> {
    const memory = this.#memoryOf(scope);
    const kinds = new Map(memory.kinds);
    const isSweep = performance.now() - memory.sweptAt >= SWEEP_MS;
    if (isSweep) {
      for (const kind of await this.#catalog.all(scope.deploymentId)) kinds.set(keyOf(kind), kind);
    }
    const found = new Map<string, Manifest>();
    for (const kind of kinds.values()) {
      if (!kind.isNamespaced && scope.clusterScope !== true) continue;
      const objects = await this.#listKind(scope, kind, memory.kinds.has(keyOf(kind)));
      for (const object of objects.filter(isApplied)) {
        found.set(refKey(refOf(object)), object);
        this.note(scope, kind);
      }
    }
    if (isSweep) memory.sweptAt = performance.now();
    return [...found.values()];
  }

  /** Whether other deployments have anything in the namespace. */
  async isShared(scope: TargetScope): Promise<boolean> {
    const ofOthers = `${ownerLabel},${ownerLabel}!=${scope.deploymentId}`;
    for (const kind of await this.#catalog.all(scope.deploymentId)) {
      if (!kind.isNamespaced) continue;
      const found = await this.#listKind(scope, kind, false, ofOthers);
      if (found.some(isApplied)) return true;
    }
    return false;
  }

  /** A kind that we may not see, or that went away, has no objects of ours, unless we know better. */
  async #listKind(
    scope: TargetScope,
    kind: KnownKind,
    isKnown: boolean,
    labelSelector = `${ownerLabel}=${scope.deploymentId}`,
  ): Promise<Manifest[]> {
    try {
      return await this.#client.list(
        scope.deploymentId,
        this.#catalog.listPath(kind, scope.namespace),
        { labelSelector },
      );
    } catch (error) {
      if (isStatus(error, 404, 405) || (!isKnown && isStatus(error, 403))) return [];
      throw error;
    }
  }

  #memoryOf({ deploymentId }: TargetScope): Memory {
    const memory = this.#memories.get(deploymentId) ?? { kinds: new Map(), sweptAt: -Infinity };
    this.#memories.set(deploymentId, memory);
    return memory;
  }
}

function keyOf({ apiVersion, kind }: KnownKind): string {
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
  return `${group}/${kind}`;
}

/** Controllers copy labels onto what they make; only what we applied is ours. */
function isApplied(object: Manifest): boolean {
  return listAt(object, 'metadata', 'managedFields').some(
    (entry) => textAt(entry, 'manager') === fieldManager && textAt(entry, 'operation') === 'Apply',
  );
}
