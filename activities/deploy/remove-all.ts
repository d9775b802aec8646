import type { DeployEffects } from '../../contracts/deploy/activities.ts';
import type { TargetScope } from '../../contracts/deploy/target.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { DeployActivityDeps } from './deps.ts';
import { leaveFormerNamespace } from './leave-namespace.ts';
import { scopeOf } from './load-sync.ts';

/** See DeployEffects.removeAll. */
export function removeAll(deps: DeployActivityDeps) {
  return async ({
    deploymentId,
    preview,
  }: Parameters<DeployEffects['removeAll']>[0]): Promise<void> => {
    const deployment = await deps.db.deployment.findUnique({ where: { id: deploymentId } });
    const scope =
      deployment === null ? preview && { deploymentId, ...preview } : scopeOf(deployment);
    if (scope === undefined) return;
    try {
      await leaveFormerNamespace(deps, deployment);
      await takeDown(deps, scope, preview !== undefined);
    } catch (error) {
      // What a target refuses now, for a permission that is missing, it may allow later: nothing is left behind for it.
      if (!(error instanceof DomainError)) throw error;
      throw new DomainError('unavailable', error.message);
    }
  };
}

async function takeDown(
  { target }: DeployActivityDeps,
  scope: TargetScope,
  withNamespace: boolean,
): Promise<void> {
  const owned = await target.list(scope);
  for (const { ref } of owned.reverse()) await target.remove(scope, ref);
  if (withNamespace) await target.removeNamespace(scope);
  const left = await target.list(scope);
  if (left.length === 0) return;
  throw new DomainError('unavailable', `${String(left.length)} objects are still there.`);
}
