import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { SendToKube } from '../../adapters/kubernetes/kube-connection.ts';
import { stopWorkload } from '../../activities/deploy/set-replicas.ts';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import {
  type DeployTarget,
  type HealthStatus,
  ownerLabel,
  type TargetScope,
} from '../../contracts/deploy/target.ts';
import { eventually } from '../support/eventually.ts';
import type { TestCluster } from '../support/kubernetes/cluster.ts';
import {
  newScope,
  openCluster,
  reaches as reachesIn,
} from '../support/kubernetes/cluster-scope.ts';
import { object, refIn, workload } from '../support/kubernetes/objects.ts';

let cluster: TestCluster;
let send: SendToKube;
let target: DeployTarget;
let scope: TargetScope;

beforeAll(async () => {
  ({ cluster, send, target } = await openCluster());
}, 240_000);
afterAll(() => cluster.stop(), 60_000);
beforeEach(() => {
  scope = newScope();
});

const reaches = (manifest: Manifest, status: HealthStatus): Promise<string> =>
  reachesIn(target, scope, manifest, status);
/** Waits until this is said about an object. */
const tells = (manifest: Manifest, message: string): Promise<boolean> =>
  eventually(async () => {
    const health = await target.health(scope, refIn(scope.namespace, manifest));
    if (health.message === message) return true;
    throw new Error(`${health.status}: ${health.message}`);
  }, 90_000);

describe('health of objects on a real cluster', () => {
  it('rolls a Deployment out in a namespace that it makes, and tells when its pods are ready [A-DEP-07]', async () => {
    const web = workload('Deployment', 'web', 'serve', { replicas: 2 });
    expect(await target.health(scope, refIn(scope.namespace, web))).toMatchObject({
      status: 'missing',
    });
    const first = await target.apply(scope, web);
    expect(first.changed).toBe(true);
    expect(await reaches(web, 'healthy')).toBe('2 of 2 replicas ready');
    expect(await target.apply(scope, web)).toEqual({ uid: first.uid, changed: false });
    const live = await target.read(scope, refIn(scope.namespace, web));
    expect(live?.object.metadata.labels?.[ownerLabel]).toBe(scope.deploymentId);
    const next = workload('Deployment', 'web', 'serve', { replicas: 1, version: 'v2' });
    expect(await target.apply(scope, next)).toEqual({ uid: first.uid, changed: true });
    expect(await reaches(next, 'healthy')).toBe('1 of 1 replicas ready');
  }, 240_000);

  it('calls a version that keeps crashing degraded, with its exit code, and the version before it healthy again [A-DEP-07, A-DEP-08]', async () => {
    const good = workload('Deployment', 'web');
    await target.apply(scope, good);
    await reaches(good, 'healthy');
    const bad = workload('Deployment', 'web', 'crash');
    await target.apply(scope, bad);
    expect(await reaches(bad, 'degraded')).toMatch(/exited with code 3 \(\d+ restarts\)/);
    await target.apply(scope, good);
    expect(await reaches(good, 'healthy')).toBe('1 of 1 replicas ready');
  }, 240_000);

  it('calls a version degraded that is not ready within its deadline [A-DEP-07]', async () => {
    const spec = { progressDeadlineSeconds: 3 };
    const late = workload('Deployment', 'web', 'never-ready', { spec });
    await target.apply(scope, late);
    expect(await reaches(late, 'degraded')).toContain('timed out progressing');
    const unpulled = workload('Deployment', 'other', 'serve', { image: 'slipway.test/none:1' });
    await target.apply(scope, unpulled);
    expect(await reaches(unpulled, 'degraded')).toContain('ErrImageNeverPull');
  }, 240_000);

  it('knows the health of StatefulSets, DaemonSets, Jobs, Services, Ingresses and claims [A-DEP-07]', async () => {
    const set = workload('StatefulSet', 'set', 'serve', { replicas: 2 });
    const everywhere = workload('DaemonSet', 'everywhere');
    const good = workload('Job', 'good', 'succeed');
    const bad = workload('Job', 'bad', 'crash');
    const service = object('v1', 'Service', 'web', {
      spec: { selector: { app: 'set' }, ports: [{ port: 80, targetPort: 8080 }] },
    });
    const balanced = object('v1', 'Service', 'balanced', {
      spec: { type: 'LoadBalancer', selector: { app: 'set' }, ports: [{ port: 80 }] },
    });
    const ingress = object('networking.k8s.io/v1', 'Ingress', 'web', {
      spec: {
        rules: [
          {
            host: 'shop.example',
            http: {
              paths: [
                {
                  path: '/',
                  pathType: 'Prefix',
                  backend: { service: { name: 'web', port: { number: 80 } } },
                },
              ],
            },
          },
        ],
      },
    });
    const claim = object('v1', 'PersistentVolumeClaim', 'data', {
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: '',
        resources: { requests: { storage: '1Mi' } },
      },
    });
    const all = [set, everywhere, good, bad, service, balanced, ingress, claim];
    for (const manifest of all) await target.apply(scope, manifest);
    expect(await reaches(set, 'healthy')).toBe('2 of 2 replicas ready');
    expect(await reaches(everywhere, 'healthy')).toBe('ready on 1 of 1 nodes');
    expect(await reaches(good, 'healthy')).toBe('it completed');
    expect(await reaches(bad, 'degraded')).toContain('backoff limit');
    await reaches(service, 'healthy');
    await reaches(balanced, 'progressing');
    await reaches(ingress, 'progressing');
    await reaches(claim, 'progressing');
    expect(await target.addresses(scope)).toEqual([
      { service: 'web', port: 80, url: 'http://shop.example/' },
    ]);
  }, 240_000);

  it('has nothing run of a DaemonSet or a CronJob that is stopped, until it is started [A-DEP-09]', async () => {
    const everywhere = workload('DaemonSet', 'everywhere');
    const job = workload('Job', 'nightly', 'succeed');
    const nightly = object('batch/v1', 'CronJob', 'nightly', {
      spec: { schedule: '0 3 * * *', jobTemplate: { spec: job['spec'] } },
    });
    for (const one of [everywhere, nightly]) await target.apply(scope, one);
    await tells(everywhere, 'ready on 1 of 1 nodes');
    await reaches(nightly, 'healthy');
    const stopped = structuredClone([everywhere, nightly]);
    for (const one of stopped) {
      stopWorkload(one);
      await target.apply(scope, one);
      expect(await target.drift(scope, one)).toEqual([]);
    }
    await tells(everywhere, 'ready on 0 of 0 nodes');
    await reaches(nightly, 'suspended');
    for (const one of [everywhere, nightly]) await target.apply(scope, one);
    await tells(everywhere, 'ready on 1 of 1 nodes');
    await reaches(nightly, 'healthy');
    for (const one of [everywhere, nightly]) expect(await target.drift(scope, one)).toEqual([]);
  }, 240_000);

  it('follows a custom resource by its conditions, from the moment its definition is applied [A-DEP-07]', async () => {
    const everywhere = { ...scope, clusterScope: true };
    const definition = object(
      'apiextensions.k8s.io/v1',
      'CustomResourceDefinition',
      'boats.slipway.test',
      {
        spec: {
          group: 'slipway.test',
          names: { kind: 'Boat', plural: 'boats' },
          scope: 'Namespaced',
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              subresources: { status: {} },
              schema: {
                openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
              },
            },
          ],
        },
      },
    );
    await expect(target.apply(scope, definition)).rejects.toMatchObject({ code: 'forbidden' });
    const boat = object('slipway.test/v1', 'Boat', 'one', { spec: { sails: 2 } });
    await expect(target.apply(scope, boat)).rejects.toMatchObject({ code: 'validation_failed' });
    await target.apply(everywhere, definition);
    await eventually(async () => {
      const health = await target.health(everywhere, refIn('', definition));
      return health.status === 'healthy' ? true : undefined;
    });
    await eventually(() => target.apply(scope, boat), 30_000);
    await reaches(boat, 'healthy');
    const path = `/apis/slipway.test/v1/namespaces/${scope.namespace}/boats/one/status`;
    const say = (type: string, status: string, message: string) =>
      send({
        method: 'PATCH',
        path,
        body: { status: { conditions: [{ type, status, message }] } },
        contentType: 'application/merge-patch+json',
      });
    await say('Ready', 'False', 'takes on water');
    expect(await reaches(boat, 'progressing')).toBe('takes on water');
    await say('Degraded', 'True', 'sank');
    expect(await reaches(boat, 'degraded')).toBe('sank');
    expect((await target.list(scope)).map(({ ref }) => ref.kind)).toEqual(['Boat']);
    await target.remove(scope, refIn(scope.namespace, boat));
    await target.remove(everywhere, refIn('', definition));
  }, 240_000);
});
