import { type Manifest, refKey, refOf } from '../../contracts/deploy/manifest.ts';
import { ownerLabel, type TargetScope } from '../../contracts/deploy/target.ts';
import { DomainError } from '../../contracts/problems.ts';

/** Whether another deployment owns the object: what is in it is none of ours to see. */
export function isForeign(scope: TargetScope, object: Manifest): boolean {
  const owner = object.metadata.labels?.[ownerLabel];
  return owner !== undefined && owner !== scope.deploymentId;
}

/** What may be said of an object of another deployment: that it is there, and whose it is. */
export function withoutContent({ apiVersion, kind, metadata }: Manifest): Manifest {
  const { name, namespace, labels, uid, managedFields } = metadata;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...{ uid, managedFields },
    },
  };
}

/** An object without an owner may be taken over by an apply, but is nobody's to delete. */
export function refuseForeign(scope: TargetScope, object: Manifest, mustBeOwned = false): void {
  const owner = object.metadata.labels?.[ownerLabel];
  if (owner === scope.deploymentId || (owner === undefined && !mustBeOwned)) return;
  throw new DomainError(
    'forbidden',
    owner === undefined
      ? `${refKey(refOf(object))} was not made by a deployment`
      : `${refKey(refOf(object))} belongs to the deployment ${owner}`,
  );
}
