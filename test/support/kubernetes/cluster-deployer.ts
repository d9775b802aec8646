import type { SendToKube } from '../../../adapters/kubernetes/kube-connection.ts';
import { makeWorkTree, type WorkTree } from '../git-client.ts';
import { startSlipway, type Slipway } from '../slipway.ts';
import { makeClusterProject, settled } from './cluster-app.ts';
import { openCluster } from './cluster-scope.ts';
import type { TestCluster } from './cluster.ts';
import { pauseImage } from './settings.ts';

/** The whole product with a real cluster to deploy to, and a project `admin/app` with its work tree. */
export interface ClusterDeployer {
  cluster: TestCluster;
  /** past the product, as another client of the API server */
  send: SendToKube;
  slipway: Slipway;
  project: string;
  /** of the project's production */
  namespace: string;
  work: WorkTree;
  /** commits and pushes to main */
  push: (files: Record<string, string>, message: string) => Promise<void>;
  stop: () => Promise<void>;
}

/** @param kubeconfigFor what the product talks to the cluster by; the cluster's own when left out */
export async function startClusterDeployer(
  kubeconfigFor: (cluster: TestCluster) => Promise<string> = ({ kubeconfig }) =>
    Promise.resolve(kubeconfig),
): Promise<ClusterDeployer> {
  const { cluster, send } = await openCluster();
  const slipway = await startSlipway({
    env: { SLIPWAY_KUBERNETES_KUBECONFIG: await kubeconfigFor(cluster) },
  });
  await makeClusterProject(slipway, 'app');
  const project = 'admin/app';
  const work = await makeWorkTree(`${slipway.baseUrl}/${project}.git`, slipway.adminToken);
  return {
    cluster,
    send,
    slipway,
    project,
    namespace: 'admin-app-production',
    work,
    push: async (files, message) => {
      await work.write(files);
      await work.commit(message);
      await work.git('push', '--quiet', 'origin', 'HEAD:main');
    },
    stop: async () => {
      await work.remove();
      await slipway.stop();
      await cluster.stop();
    },
  };
}

/**
 * Sets up production of the project from its own repository, which is its ops repository too: a push syncs at once, and it
 * is looked at every `intervalSeconds`. @returns id of the deployment, when it is healthy
 */
export async function deployOwnManifests(
  { slipway, project }: ClusterDeployer,
  { intervalSeconds, ...settings }: { intervalSeconds: number; prune?: boolean },
): Promise<string> {
  const ops = await slipway.request('POST', '/api/v1/ops-repos', {
    name: 'ops',
    repoUrl: `/${project}.git`,
    syncIntervalS: intervalSeconds,
  });
  const made = await slipway.request('POST', `/api/v1/projects/${project}/deployments`, {
    imageRef: pauseImage,
    target: 'kubernetes',
    opsRepoId: (ops.body as { id: string }).id,
    manifestPath: 'apps/app',
    bakeSeconds: 0,
    ...settings,
  });
  if (ops.status !== 201 || made.status !== 201) {
    throw new Error(`no deployment: ${JSON.stringify([ops.body, made.body])}`);
  }
  await settled(slipway, project, ({ currentStatus }) => currentStatus === 'healthy');
  return (made.body as { id: string }).id;
}
