import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SendToKube } from '../../adapters/kubernetes/kube-connection.ts';
import { isStatus } from '../../adapters/kubernetes/kube-error.ts';
import { ownerLabel } from '../../contracts/deploy/target.ts';
import { eventually } from '../support/eventually.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import {
  appObjects,
  clusterAppFiles,
  isThere,
  liveObject,
  makeClusterProject,
} from '../support/kubernetes/cluster-app.ts';
import { openCluster } from '../support/kubernetes/cluster-scope.ts';
import type { TestCluster } from '../support/kubernetes/cluster.ts';
import { openRequest, previewWhen, pushBranch } from '../support/previewable.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';

const project = 'admin/app';
const namespace = 'admin-app-preview-1';

let cluster: TestCluster;
let send: SendToKube;
let slipway: Slipway;
let work: WorkTree;

beforeAll(async () => {
  ({ cluster, send } = await openCluster());
  slipway = await startSlipway({ env: { SLIPWAY_KUBERNETES_KUBECONFIG: cluster.kubeconfig } });
  await makeClusterProject(slipway, 'app');
  work = await makeWorkTree(`${slipway.baseUrl}/${project}.git`, slipway.adminToken);
}, 240_000);

afterAll(async () => {
  await work.remove();
  await slipway.stop();
  await cluster.stop();
}, 120_000);

/** The application of the cluster, for merge requests only; its last hook goes when it succeeded. */
function files(): Record<string, string> {
  const app = clusterAppFiles({ round: '1' });
  const [definition = '', smoke = ''] = [app['.platform.yaml'], app['apps/app/smoke.yaml']];
  const policy = 'slipway.dev/hook: PostSync, slipway.dev/hook-delete-policy: HookSucceeded';
  return {
    ...app,
    '.platform.yaml': `on: [merge_request]\n${definition.replace('environment: production', 'environment: preview')}`,
    'apps/app/smoke.yaml': smoke.replace('slipway.dev/hook: PostSync', policy),
  };
}

async function isNamespaceThere(): Promise<boolean> {
  try {
    await send({ method: 'GET', path: `/api/v1/namespaces/${namespace}` });
    return true;
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw error;
  }
}

describe('the preview of a merge request on a real cluster', () => {
  it('is a namespace of its own with all objects and a leased secret, and gone with all of it when it is closed [A-DEP-01] [A-MR-06] [A-SEC-07]', async () => {
    await work.write({ 'README.md': '# app\n' });
    await work.commit('first');
    await work.git('push', '--quiet', 'origin', 'HEAD:main');
    const head = await pushBranch(work, 'topic', files());
    const request = await openRequest(slipway, project, 'topic');
    const up = await previewWhen(slipway, request, ({ state }) => state === 'running', 240_000);
    expect(up).toMatchObject({
      commitSha: head,
      secrets: [{ name: 'API_KEY', version: 1, endedAt: null }],
    });
    for (const key of appObjects) {
      const { metadata } = await liveObject(send, namespace, key);
      expect([key, metadata.labels?.[ownerLabel]]).toEqual([key, up.deploymentId]);
    }
    const secret = await liveObject(send, namespace, 'Secret/keys');
    expect(secret['data']).toEqual({
      API_KEY: Buffer.from('canary-of-the-cluster').toString('base64'),
    });
    expect(await isThere(send, namespace, 'Job/migrate')).toBe(true);
    expect(await isThere(send, namespace, 'Job/smoke')).toBe(false);
    await slipway.request('POST', `${request}/close`);
    const gone = await previewWhen(slipway, request, ({ state }) => state === 'gone', 240_000);
    expect(gone).toMatchObject({
      endReason: 'closed',
      deploymentId: null,
      secrets: [{ name: 'API_KEY', version: 1, endedAt: expect.any(String) }],
    });
    await eventually(async () => ((await isNamespaceThere()) ? undefined : true), 60_000);
    expect(slipway.output()).not.toContain('canary-of-the-cluster');
  }, 600_000);
});
