/** Kinds that live outside of any namespace, by API group; `*` stands for every kind of the group. */
const clusterKinds: Readonly<Record<string, readonly string[]>> = {
  '': ['Namespace', 'Node', 'PersistentVolume', 'ComponentStatus'],
  'rbac.authorization.k8s.io': ['ClusterRole', 'ClusterRoleBinding'],
  'apiextensions.k8s.io': ['*'],
  'admissionregistration.k8s.io': ['*'],
  'apiregistration.k8s.io': ['*'],
  'storage.k8s.io': [
    'StorageClass',
    'CSIDriver',
    'CSINode',
    'VolumeAttachment',
    'VolumeAttributesClass',
  ],
  'scheduling.k8s.io': ['PriorityClass'],
  'node.k8s.io': ['RuntimeClass'],
  'networking.k8s.io': ['IngressClass', 'IPAddress', 'ServiceCIDR'],
  'gateway.networking.k8s.io': ['GatewayClass'],
  'certificates.k8s.io': ['CertificateSigningRequest', 'ClusterTrustBundle'],
  'flowcontrol.apiserver.k8s.io': ['*'],
  policy: ['PodSecurityPolicy'],
  'authentication.k8s.io': ['*'],
  'authorization.k8s.io': [
    'SubjectAccessReview',
    'SelfSubjectAccessReview',
    'SelfSubjectRulesReview',
  ],
  'snapshot.storage.k8s.io': ['VolumeSnapshotClass', 'VolumeSnapshotContent'],
  'resource.k8s.io': ['DeviceClass', 'ResourceSlice'],
  'cert-manager.io': ['ClusterIssuer'],
  'external-secrets.io': ['ClusterSecretStore', 'ClusterExternalSecret'],
  'kyverno.io': ['ClusterPolicy', 'ClusterCleanupPolicy'],
};

/** Group of `apiVersion`; empty for the core group. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash === -1 ? '' : apiVersion.slice(0, slash);
}

/**
 * Whether an object belongs to the whole cluster. Knows what Kubernetes and the usual operators bring; of a kind that is
 * not known here the target finds out, and refuses it in the same way.
 */
export function isClusterWide(apiVersion: string, kind: string): boolean {
  const kinds = clusterKinds[groupOf(apiVersion)];
  return kinds !== undefined && (kinds.includes('*') || kinds.includes(kind));
}
