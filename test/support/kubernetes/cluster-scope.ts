import { connectToKube, type SendToKube } from '../../../adapters/kubernetes/kube-connection.ts';
import { openKubernetesTarget } from '../../../adapters/kubernetes/kubernetes-target.ts';
import type { Manifest } from '../../../contracts/deploy/manifest.ts';
import type { DeployTarget, HealthStatus, TargetScope } from '../../../contracts/deploy/target.ts';
import { eventually } from '../eventually.ts';
import { startCluster, type TestCluster } from './cluster.ts';
import { refIn } from './objects.ts';

/** A running cluster with a target on it. */
export interface ClusterUnderTest {
  cluster: TestCluster;
  send: SendToKube;
  target: DeployTarget;
}

export async function openCluster(): Promise<ClusterUnderTest> {
  const cluster = await startCluster();
  const location = { kubeconfig: cluster.kubeconfig, context: null };
  return {
    cluster,
    send: await connectToKube(location),
    target: await openKubernetesTarget(location),
  };
}

let scopes = 0;

/** A deployment with a namespace of its own, or beside others in `namespace`. */
export function newScope(namespace?: string): TargetScope {
  scopes += 1;
  return {
    deploymentId: `dep_${scopes}`,
    projectId: 'prj_1',
    environment: 'staging',
    namespace: namespace ?? `space-${scopes}`,
  };
}

/** Waits until an object has this health; what is said about it. */
export async function reaches(
  target: DeployTarget,
  scope: TargetScope,
  manifest: Manifest,
  status: HealthStatus,
): Promise<string> {
  return await eventually(async () => {
    const health = await target.health(scope, refIn(scope.namespace, manifest));
    if (health.status === status) return health.message;
    throw new Error(`${health.status}: ${health.message}`);
  }, 90_000);
}
