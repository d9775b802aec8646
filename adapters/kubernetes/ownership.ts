import { type Manifest, refKey, refOf } from '../../contracts/deploy/manifest.ts';
import { ownerLabel, type TargetScope } from '../../contracts/deploy/target.ts';
import { DomainError } from '../../contracts/problems.ts';

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
