import type { Principal } from '../../../contracts/identity/principal.ts';
import {
  deploymentsOfRuns,
  type RunDeployment,
} from '../../../domain/deploy/deployments-of-run.ts';
import { can } from '../../../domain/identity/check-access.ts';
import type { Db } from '../../../domain/shared/db.ts';
import type { Pipeline } from '../../../prisma/generated/client.ts';

/**
 * What became of the deployments that each of these runs asked for, where the principal may see deployments.
 * @returns by the run's id; absent where there is nothing to see
 */
export async function visibleRunDeployments(
  db: Db,
  principal: Principal,
  runs: readonly Pick<Pipeline, 'id' | 'changeId' | 'projectId'>[],
): Promise<ReadonlyMap<string, RunDeployment[]>> {
  const found =
    runs.length === 0 ? new Map<string, RunDeployment[]>() : await deploymentsOfRuns(db, runs);
  const deploying = runs.filter(({ id }) => found.has(id)).map(({ projectId }) => projectId);
  const seen = new Set<string>();
  for (const projectId of new Set(deploying)) {
    if (await can(db, principal, 'deploy:read', projectId)) seen.add(projectId);
  }
  const visible = new Set(runs.filter(({ projectId }) => seen.has(projectId)).map(({ id }) => id));
  return new Map([...found].filter(([id]) => visible.has(id)));
}
