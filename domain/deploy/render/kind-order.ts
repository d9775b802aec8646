import { type Manifest, refKey, refOf } from '../../../contracts/deploy/manifest.ts';

/** What others need comes first: the order of Argo CD and Helm. Kinds that are not listed come last. */
const kindOrder = [
  'Namespace',
  'NetworkPolicy',
  'ResourceQuota',
  'LimitRange',
  'PodDisruptionBudget',
  'PriorityClass',
  'ServiceAccount',
  'Secret',
  'ConfigMap',
  'StorageClass',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'CustomResourceDefinition',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'Service',
  'DaemonSet',
  'Pod',
  'ReplicationController',
  'ReplicaSet',
  'Deployment',
  'HorizontalPodAutoscaler',
  'StatefulSet',
  'Job',
  'CronJob',
  'IngressClass',
  'Ingress',
  'APIService',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
];
const rankOf = new Map(kindOrder.map((kind, index) => [kind, index]));

/** Order within a wave: by kind, then by name, so that two renders of one thing are applied alike. Total. */
export function compareManifests(a: Manifest, b: Manifest): number {
  const rank = (manifest: Manifest) => rankOf.get(manifest.kind) ?? kindOrder.length;
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  const [left, right] = [refKey(refOf(a)), refKey(refOf(b))];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
