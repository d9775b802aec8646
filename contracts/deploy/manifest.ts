/** A Kubernetes object as it is applied: plain JSON, no status. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    [key: string]: unknown;
  };
  [key: string]: unknown;
}

/** What names an object within a target. `namespace` is empty for cluster-wide kinds. */
export interface ObjectRef {
  apiVersion: string;
  kind: string;
  namespace: string;
  name: string;
}

/** When an object is applied; the words and annotations of Argo CD are accepted (`argocd.argoproj.io/hook`). */
export const deployPhases = ['PreSync', 'Sync', 'PostSync', 'SyncFail'] as const;
export type DeployPhase = (typeof deployPhases)[number];

export function refOf(manifest: Manifest): ObjectRef {
  return {
    apiVersion: manifest.apiVersion,
    kind: manifest.kind,
    namespace: manifest.metadata.namespace ?? '',
    name: manifest.metadata.name,
  };
}

/** One word for an object, for maps and messages: `apps/Deployment/web`; the version does not matter. */
export function refKey(ref: ObjectRef): string {
  const group = ref.apiVersion.includes('/') ? (ref.apiVersion.split('/')[0] ?? '') : '';
  return [group, ref.kind, ref.namespace, ref.name].filter((part) => part !== '').join('/');
}
