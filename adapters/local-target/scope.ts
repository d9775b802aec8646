import type { Manifest, ObjectRef } from '../../contracts/deploy/manifest.ts';
import { ownerLabel, type TargetScope } from '../../contracts/deploy/target.ts';
import { DomainError } from '../../contracts/problems.ts';
import { withoutNulls } from './null-fields.ts';
import type { StoredObject } from './state-store.ts';

/** `forbidden` for what lies outside of the scope's namespace. */
export function checkScope(scope: TargetScope, ref: ObjectRef): void {
  checkDeployment(scope);
  const inside =
    ref.kind === 'Namespace' ? ref.name === scope.namespace : ref.namespace === scope.namespace;
  if (inside && /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(scope.namespace)) return;
  const where = ref.kind === 'Namespace' ? ref.name : ref.namespace || 'no namespace';
  throw new DomainError(
    'forbidden',
    `${ref.kind} ${ref.name} lies in ${where}; this deployment may touch the namespace ${scope.namespace}.`,
  );
}

/** Its id names folders of ours. No namespace has an underscore, so it meets none of those that were named so before. */
export function checkDeployment({ deploymentId }: TargetScope): void {
  if (/^dep_[\w-]{1,100}$/.test(deploymentId)) return;
  throw new DomainError(
    'forbidden',
    `${JSON.stringify(deploymentId)} is not the id of a deployment.`,
  );
}

/**
 * A kept object in the namespace that its deployment has now: its own name for it may be of before that was given another.
 */
export function inNamespaceOf(scope: TargetScope, object: StoredObject): StoredObject {
  const placed = (manifest: Manifest): Manifest => ({
    ...manifest,
    metadata: {
      ...manifest.metadata,
      ...(manifest.kind === 'Namespace'
        ? { name: scope.namespace }
        : { namespace: scope.namespace }),
    },
  });
  return { ...object, live: placed(object.live), applied: placed(object.applied) };
}

/** The manifest as it is kept: in its namespace, labelled as owned, without empty fields, a Secret's texts encoded. */
export function desiredOf(scope: TargetScope, manifest: Manifest): Manifest {
  const { status: _status, stringData, ...rest } = withoutNulls(structuredClone(manifest));
  const isSpace = manifest.kind === 'Namespace';
  const metadata = {
    ...rest.metadata,
    ...(isSpace ? {} : { namespace: manifest.metadata.namespace ?? scope.namespace }),
    labels: { ...rest.metadata.labels, [ownerLabel]: scope.deploymentId },
  };
  const texts = Object.entries((stringData ?? {}) as Record<string, unknown>);
  if (texts.length === 0) return { ...rest, metadata };
  // What is no text is left for the schema to refuse.
  const encoded = texts.map(([key, text]) => [
    key,
    typeof text === 'string' ? Buffer.from(text).toString('base64') : text,
  ]);
  return {
    ...rest,
    metadata,
    data: { ...(rest['data'] as object | undefined), ...Object.fromEntries(encoded) },
  };
}
