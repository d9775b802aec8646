import type { ObjectRef } from '../../contracts/deploy/manifest.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { KubeClient } from './kube-client.ts';
import { isStatus, KubeError } from './kube-error.ts';

/** A kind that the cluster knows, and where its objects are. */
export interface KnownKind {
  apiVersion: string;
  kind: string;
  plural: string;
  isNamespaced: boolean;
  /** whether its objects can be listed and deleted one by one */
  isListed: boolean;
}

const KEEP_MS = 10 * 60_000;
/** What the cluster makes by itself and copies labels onto; nobody applies it. */
const derived = new Set(['Event', 'Endpoints', 'EndpointSlice', 'Lease', 'ControllerRevision']);

/** What the cluster offers, asked once in ten minutes; a kind that is not known is asked for again at once. */
export class KindCatalog {
  readonly #client: KubeClient;
  readonly #versions = new Map<string, { at: number; kinds: KnownKind[] }>();

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** Throws `validation_failed` for a kind that the cluster does not have. */
  async find(key: string, { apiVersion, kind }: Pick<ObjectRef, 'apiVersion' | 'kind'>) {
    const known = this.#versions.get(apiVersion);
    const found = known?.kinds.find((item) => item.kind === kind);
    if (found !== undefined && performance.now() - (known?.at ?? 0) < KEEP_MS) return found;
    const fresh = (await this.#read(key, apiVersion)).find((item) => item.kind === kind);
    if (fresh !== undefined) return fresh;
    throw new DomainError(
      'validation_failed',
      `The cluster knows no ${kind} of ${apiVersion}: is its CustomResourceDefinition installed?`,
      { errors: [{ pointer: '/kind', detail: `unknown kind ${kind} of ${apiVersion}` }] },
    );
  }

  /** Every kind that somebody may have applied, in the version that the cluster prefers. */
  async all(key: string): Promise<KnownKind[]> {
    const { groups } = (await this.#client.request(key, { method: 'GET', path: '/apis' })) as {
      groups: { preferredVersion: { groupVersion: string } }[];
    };
    const versions = ['v1', ...groups.map((group) => group.preferredVersion.groupVersion)];
    const kinds: KnownKind[] = [];
    for (const version of versions) kinds.push(...(await this.#recent(key, version)));
    return kinds.filter(({ kind, isListed }) => isListed && !derived.has(kind));
  }

  /** Path of all objects of a kind; of those in a namespace where it has any. */
  listPath({ apiVersion, plural, isNamespaced }: KnownKind, namespace: string): string {
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    return `${root}${isNamespaced ? `/namespaces/${encodeURIComponent(namespace)}` : ''}/${plural}`;
  }

  objectPath(kind: KnownKind, namespace: string, name: string): string {
    return `${this.listPath(kind, namespace)}/${encodeURIComponent(name)}`;
  }

  async #recent(key: string, version: string): Promise<KnownKind[]> {
    const known = this.#versions.get(version);
    if (known !== undefined && performance.now() - known.at < KEEP_MS) return known.kinds;
    try {
      return await this.#read(key, version);
    } catch (error) {
      // One API that its server does not answer for must not keep all others from being listed.
      if (error instanceof KubeError && error.status >= 400) return known?.kinds ?? [];
      throw error;
    }
  }

  async #read(key: string, version: string): Promise<KnownKind[]> {
    const path = version.includes('/') ? `/apis/${version}` : `/api/${version}`;
    let resources: Resource[] = [];
    try {
      const answer = await this.#client.request(key, { method: 'GET', path });
      resources = (answer as { resources: Resource[] }).resources;
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
    }
    const kinds = resources
      .filter(({ name }) => !name.includes('/'))
      .map(({ name, kind, namespaced, verbs }) => ({
        apiVersion: version,
        kind,
        plural: name,
        isNamespaced: namespaced,
        isListed: verbs.includes('list') && verbs.includes('delete'),
      }));
    this.#versions.set(version, { at: performance.now(), kinds });
    return kinds;
  }
}

interface Resource {
  name: string;
  kind: string;
  namespaced: boolean;
  verbs: string[];
}
