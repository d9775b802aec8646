import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { changeLabel } from '../../contracts/deploy/target.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { DeployActivityDeps } from './deps.ts';

/** Kinds that lie in no namespace. */
const clusterKinds = new Set([
  'Namespace',
  'ClusterRole',
  'ClusterRoleBinding',
  'PersistentVolume',
]);
const scalable = new Set(['Deployment', 'StatefulSet', 'ReplicaSet']);
const secretReference = /\$\{\{\s*secrets\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}/g;

type Json = Record<string, unknown>;

/**
 * A rendered manifest as it is applied: in its namespace, with the change id as a label of the object and of its pods,
 * with the number of replicas that was asked for. The change is that of the revision, so that the same content never
 * restarts anything.
 */
export function prepareManifest(
  manifest: Manifest,
  facts: { namespace: string; changeId: string | null; replicas: number | null },
): Manifest {
  const prepared = structuredClone(manifest);
  const { metadata } = prepared;
  if (!clusterKinds.has(prepared.kind)) metadata.namespace ??= facts.namespace;
  const spec = prepared['spec'] as Json | undefined;
  if (facts.changeId !== null) {
    metadata.labels = { ...metadata.labels, [changeLabel]: facts.changeId };
    const template = spec?.['template'] as { metadata?: Manifest['metadata'] } | undefined;
    if (template !== undefined) {
      template.metadata = {
        ...(template.metadata ?? { name: '' }),
        labels: { ...template.metadata?.labels, [changeLabel]: facts.changeId },
      };
      if (template.metadata.name === '') delete (template.metadata as Partial<Json>)['name'];
    }
  }
  if (facts.replicas !== null && spec !== undefined && scalable.has(prepared.kind)) {
    spec['replicas'] = facts.replicas;
  }
  return prepared;
}

/** Names of the project's secrets that a Secret object refers to. */
export function secretNames(manifest: Manifest): string[] {
  if (manifest.kind !== 'Secret') return [];
  const texts = Object.values((manifest['stringData'] ?? {}) as Record<string, unknown>);
  return texts.flatMap((value) =>
    [...String(value).matchAll(secretReference)].map((match) => match[1] ?? ''),
  );
}

/**
 * Fills `${{ secrets.NAME }}` in the stringData of Secret objects: the only place where a value may go.
 * @throws DomainError `secret_unavailable`
 */
export async function fillSecrets(
  deps: DeployActivityDeps,
  scope: { projectId: string; deploymentId: string },
  manifest: Manifest,
): Promise<Manifest> {
  const names = secretNames(manifest);
  if (names.length === 0) return manifest;
  const values = await deps.resolveSecrets({ ...scope, names });
  const stringData = Object.fromEntries(
    Object.entries(manifest['stringData'] as Record<string, unknown>).map(([key, value]) => [
      key,
      String(value).replace(secretReference, (_whole, name: string) => values.get(name) ?? ''),
    ]),
  );
  return { ...manifest, stringData };
}

/** @throws DomainError `validation_failed` for a secret that would end outside of a Secret object */
export function refuseStraySecrets(manifests: readonly Manifest[]): void {
  for (const manifest of manifests) {
    const { stringData, ...rest } = manifest as Manifest & { stringData?: unknown };
    const text = JSON.stringify(manifest.kind === 'Secret' ? rest : { ...rest, stringData });
    if (text.match(secretReference) === null) continue;
    throw new DomainError(
      'validation_failed',
      `${manifest.kind} ${manifest.metadata.name} refers to a secret: expected it in the stringData of a Secret object only.`,
    );
  }
}
