import { describe, expect, it } from '@jest/globals';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { changeLabel } from '../../contracts/deploy/target.ts';
import { type ApplyFacts, prepareManifests, stampSecrets } from './prepare-manifest.ts';

const facts: ApplyFacts = {
  namespace: 'shop',
  changeId: 'chg_1',
  imageRef: 'app:7',
  replicas: null,
};

const prepare = (manifest: Manifest, more: Partial<ApplyFacts> = {}): Manifest => {
  const [prepared] = prepareManifests([manifest], { ...facts, ...more });
  return prepared as Manifest;
};

/** A workload as it is rendered. */
const workload = (kind: string, spec: Record<string, unknown> = {}, image = 'x:1'): Manifest => {
  const pod = { containers: [{ name: 'app', image }] };
  return {
    apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
    kind,
    metadata: { name: kind.toLowerCase() },
    spec: { template: { metadata: { labels: { app: 'a' } }, spec: pod }, ...spec },
  };
};

describe('what is applied of a manifest', () => {
  it('carries the change, and so do its pods; the template of a Job stays what was rendered, with each change [A-DEP-07]', () => {
    for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet']) {
      expect(prepare(workload(kind))).toMatchObject({
        metadata: { namespace: 'shop', labels: { [changeLabel]: 'chg_1' } },
        spec: { template: { metadata: { labels: { app: 'a', [changeLabel]: 'chg_1' } } } },
      });
    }
    const job = workload('Job');
    const prepared = prepare(job);
    expect(prepared.metadata.labels).toEqual({ [changeLabel]: 'chg_1' });
    expect(prepared['spec']).toEqual(job['spec']);
  });

  it('may have empty fields, wherever they are [A-DEP-07]', () => {
    for (const kind of ['Deployment', 'DaemonSet', 'CronJob', 'Job']) {
      const made = workload(kind);
      for (const spec of [null, { template: null }, { template: { metadata: null, spec: null } }]) {
        for (const replicas of [null, 0, 2]) {
          expect(prepare({ ...made, spec }, { replicas }).kind).toBe(kind);
        }
        stampSecrets([{ ...made, spec }], new Map());
      }
    }
    const env = [{ name: 'A', valueFrom: { secretKeyRef: null } }];
    const pod = { containers: [{ name: 'app', env, envFrom: [{ secretRef: null }] }] };
    stampSecrets([workload('Deployment', { template: { metadata: null, spec: pod } })], new Map());
  });

  it('has nothing run while the deployment is stopped, and is what it was when it is not [A-DEP-09]', () => {
    const stopped = (manifest: Manifest) => prepare(manifest, { replicas: 0 })['spec'];
    for (const kind of ['Deployment', 'StatefulSet', 'ReplicaSet']) {
      expect(stopped(workload(kind, { replicas: 3 }))).toMatchObject({ replicas: 0 });
    }
    expect(stopped(workload('Job'))).toMatchObject({ suspend: true });
    const schedule = { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'nightly' } };
    expect(stopped({ ...schedule, spec: {} })).toEqual({ suspend: true });
    const everywhere = workload('DaemonSet');
    const onDisks = { template: { spec: { nodeSelector: { disk: 'fast' } } } };
    expect(stopped(everywhere)).toMatchObject({
      template: { spec: { nodeSelector: { 'slipway.dev/stopped': 'true' } } },
    });
    expect(stopped({ ...everywhere, spec: onDisks })).toMatchObject({
      template: { spec: { nodeSelector: { disk: 'fast', 'slipway.dev/stopped': 'true' } } },
    });
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: {} };
    expect(stopped(service)).toEqual({});
    expect(prepare(everywhere)['spec']).not.toHaveProperty('template.spec.nodeSelector');
  });

  it('runs the desired number of what has the image of the deployment; what stands beside it keeps its own [A-DEP-09]', () => {
    const replicasOf = (manifests: Manifest[]) =>
      prepareManifests(manifests, { ...facts, replicas: 5 }).map(
        (one) => (one['spec'] as { replicas?: number }).replicas,
      );
    const web = workload('Deployment', { replicas: 2 }, 'app:7');
    const cache = workload('Deployment', { replicas: 1 }, 'redis:8');
    const database = workload('StatefulSet', { replicas: 1 }, 'postgres:17');
    const shards = workload('StatefulSet', { replicas: 3 }, 'app:7');
    expect(replicasOf([web, cache, database])).toEqual([5, 1, 1]);
    expect(replicasOf([shards, cache])).toEqual([5, 1]);
    expect(replicasOf([cache, database])).toEqual([5, 1]);
    expect(replicasOf([workload('Job', {}, 'app:7'), database])).toEqual([undefined, 1]);
  });

  it('lies in the namespace of the deployment unless it belongs to the whole cluster', () => {
    const of = (apiVersion: string, kind: string) =>
      prepare({ apiVersion, kind, metadata: { name: 'it' } }).metadata.namespace;
    expect(of('v1', 'ConfigMap')).toBe('shop');
    expect(of('cert-manager.io/v1', 'Issuer')).toBe('shop');
    expect(of('cert-manager.io/v1', 'ClusterIssuer')).toBeUndefined();
    expect(of('storage.k8s.io/v1', 'StorageClass')).toBeUndefined();
  });
});
