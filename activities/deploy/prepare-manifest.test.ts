import { describe, expect, it } from '@jest/globals';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { changeLabel } from '../../contracts/deploy/target.ts';
import { prepareManifest } from './prepare-manifest.ts';

const facts = { namespace: 'shop', changeId: 'chg_1', replicas: null };

/** A workload as it is rendered. */
const workload = (kind: string, spec: Record<string, unknown> = {}): Manifest => ({
  apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
  kind,
  metadata: { name: kind.toLowerCase() },
  spec: { template: { metadata: { labels: { app: 'a' } }, spec: { containers: [] } }, ...spec },
});

describe('what is applied of a manifest', () => {
  it('carries the change, and so do its pods; the template of a Job stays what was rendered, with each change [A-DEP-07]', () => {
    for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet']) {
      expect(prepareManifest(workload(kind), facts)).toMatchObject({
        metadata: { namespace: 'shop', labels: { [changeLabel]: 'chg_1' } },
        spec: { template: { metadata: { labels: { app: 'a', [changeLabel]: 'chg_1' } } } },
      });
    }
    const job = workload('Job');
    const prepared = prepareManifest(job, facts);
    expect(prepared.metadata.labels).toEqual({ [changeLabel]: 'chg_1' });
    expect(prepared['spec']).toEqual(job['spec']);
  });

  it('has nothing run while the deployment is stopped, and is what it was when it is not [A-DEP-09]', () => {
    const stopped = (manifest: Manifest) =>
      prepareManifest(manifest, { ...facts, replicas: 0 })['spec'];
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
    expect(prepareManifest(everywhere, facts)['spec']).not.toHaveProperty(
      'template.spec.nodeSelector',
    );
  });
});
