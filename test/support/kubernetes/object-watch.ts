import { KubeConfig, Watch } from '@kubernetes/client-node';
import type { SendToKube } from '../../../adapters/kubernetes/kube-connection.ts';
import { textAt } from '../../../adapters/kubernetes/part.ts';
import type { Manifest } from '../../../contracts/deploy/manifest.ts';
import { collectionPath, watchedKinds } from './cluster-app.ts';

/** One change of one object, as the API server told it. */
export interface Sighting {
  /** `Kind/name` */
  key: string;
  uid: string;
  /** what rises with each change of what was asked for: `generation` where the kind has one, else the version */
  step: string;
  /** the annotation `round`: which revision it was applied from */
  round: string;
}

export interface ObjectWatch {
  /** in the order of each kind's changes; deletions are left out */
  readonly seen: readonly Sighting[];
  /** Called with each sighting, the moment it comes; one at a time. */
  onSeen: ((sighting: Sighting) => void) | null;
  stop(): void;
}

/** Watches the objects of an application in a namespace, without a gap, for as long as a run takes. */
export async function watchObjects(
  kubeconfig: string,
  send: SendToKube,
  namespace: string,
): Promise<ObjectWatch> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const watch = new Watch(config);
  const seen: Sighting[] = [];
  const requests = new Set<AbortController>();
  let stopped = false;
  const result: ObjectWatch = {
    seen,
    onSeen: null,
    stop: () => {
      stopped = true;
      for (const request of requests) request.abort();
    },
  };
  const follow = async (kind: string, from: string): Promise<void> => {
    let version = from;
    const request: AbortController = await watch.watch(
      collectionPath(kind, namespace),
      { resourceVersion: version, timeoutSeconds: 4 * 3600, allowWatchBookmarks: true },
      (type: string, object: Manifest) => {
        version = textAt(object, 'metadata', 'resourceVersion') || version;
        const sighting = type === 'ADDED' || type === 'MODIFIED' ? sightingOf(kind, object) : null;
        if (sighting === null) return;
        seen.push(sighting);
        result.onSeen?.(sighting);
      },
      () => {
        requests.delete(request);
        if (!stopped) void follow(kind, version);
      },
    );
    requests.add(request);
  };
  for (const kind of watchedKinds) {
    const path = collectionPath(kind, namespace);
    const list = await send({ method: 'GET', path });
    await follow(kind, textAt(list, 'metadata', 'resourceVersion'));
  }
  return result;
}

/** Null for what nobody of us applied. */
function sightingOf(kind: string, object: Manifest): Sighting | null {
  const { name, annotations, generation } = object.metadata;
  const round = annotations?.['round'];
  if (round === undefined) return null;
  const hasGeneration = kind === 'Deployment' || kind === 'Job';
  return {
    key: `${kind}/${name}`,
    uid: textAt(object, 'metadata', 'uid'),
    step: hasGeneration ? String(generation) : textAt(object, 'metadata', 'resourceVersion'),
    round,
  };
}

/** What was seen of each object for each round: how often it was applied anew, by which uids. */
export interface Audit {
  /** `Kind/name of round N was written 2 times` … */
  doubles: string[];
  /** an object that went back to an older round after a newer one */
  backwards: string[];
}

/** Reads a watch: each object goes to each round once, and never back. Rounds are whole numbers. */
export function auditSightings(seen: readonly Sighting[], hooks: readonly string[]): Audit {
  const steps = new Map<string, Set<string>>();
  const last = new Map<string, number>();
  const backwards: string[] = [];
  for (const { key, uid, step, round } of seen) {
    const before = last.get(key) ?? -1;
    if (Number(round) < before) backwards.push(`${key} from ${String(before)} to ${round}`);
    last.set(key, Math.max(before, Number(round)));
    const of = `${key} of round ${round}`;
    // a hook is made anew for each run; its own progress is no second one
    const written = hooks.includes(key) ? uid : `${uid} ${step}`;
    steps.set(of, (steps.get(of) ?? new Set()).add(written));
  }
  const doubles = [...steps]
    .filter(([, written]) => written.size > 1)
    .map(([of, written]) => `${of} was written ${String(written.size)} times`);
  return { doubles, backwards };
}
