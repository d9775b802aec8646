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
});
