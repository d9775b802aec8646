import { connectToKube } from '../../adapters/kubernetes/kube-connection.ts';
import { createKubernetesTarget } from '../../adapters/kubernetes/kubernetes-target.ts';
import type { DeployTarget } from '../../contracts/deploy/target.ts';
import { runTargetConformance } from '../integration/deploy-target-conformance.ts';
import { appFiles } from '../support/deploy-app.ts';
import { newScope, openCluster } from '../support/kubernetes/cluster-scope.ts';
import { openServiceProxy } from '../support/kubernetes/service-proxy.ts';

const image = 'slipway.test/app:1';

runTargetConformance('kubernetes', async () => {
  const { cluster, send } = await openCluster();
  cluster.addImage(image, {
    files: Object.fromEntries(
      Object.entries(appFiles).map(([name, text]) => [`app/${name}`, text]),
    ),
    programs: [process.execPath],
  });
  const proxy = openServiceProxy(send);
  const open = async (): Promise<DeployTarget> => ({
    ...createKubernetesTarget(
      await connectToKube({ kubeconfig: cluster.kubeconfig, context: null }),
    ),
    addresses: ({ namespace }) => proxy.addresses(namespace),
  });
  let target = await open();
  return {
    target: () => target,
    app: (script) => ({
      image,
      imagePullPolicy: 'Never',
      command: ['sh', '-c', `PORT=8080 exec node /app/${script}`],
    }),
    newScope: (beside) => Promise.resolve(newScope(beside?.namespace)),
    writeAs: async (manager, scope, manifest) => {
      await send({
        method: 'PATCH',
        path: `/api/v1/namespaces/${scope.namespace}/configmaps/${manifest.metadata.name}`,
        query: { fieldManager: manager, force: 'true' },
        body: manifest,
        contentType: 'application/apply-patch+yaml',
      });
    },
    restart: async () => {
      await cluster.killApi();
      await cluster.startApi();
      target = await open();
    },
    close: async () => {
      proxy.close();
      await cluster.stop();
    },
  };
});
