import { clearFormerNamespace } from '../../domain/deploy/clear-former-namespace.ts';
import type { Deployment } from '../../prisma/generated/client.ts';
import type { DeployActivityDeps } from './deps.ts';
import { scopeOf } from './load-sync.ts';

/**
 * Removes what a deployment still has in a namespace that it shared with another one and was taken out of. Only what is
 * labelled as its own: the namespace and all else in it are the other's. Nothing happens where there is none.
 */
export async function leaveFormerNamespace(
  { db, target, log }: Pick<DeployActivityDeps, 'db' | 'target' | 'log'>,
  deployment: Deployment | null,
): Promise<void> {
  if (deployment === null || deployment.formerNamespace === null) return;
  const scope = { ...scopeOf(deployment), namespace: deployment.formerNamespace };
  const owned = (await target.list(scope)).filter(({ ref }) => ref.namespace === scope.namespace);
  for (const { ref } of owned.reverse()) await target.remove(scope, ref);
  await clearFormerNamespace(db, deployment);
  const { id, formerNamespace } = deployment;
  log.info({ deploymentId: id, namespace: formerNamespace }, 'left the namespace of another');
}
