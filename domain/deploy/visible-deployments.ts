import type { Principal } from '../../contracts/identity/principal.ts';
import { can } from '../identity/check-access.ts';
import type { Db } from '../shared/db.ts';

/** Ids of the projects that have deployments which the principal may read. */
export async function projectsWithVisibleDeployments(
  db: Db,
  principal: Principal,
): Promise<string[]> {
  const rows = await db.deployment.findMany({
    distinct: ['projectId'],
    select: { projectId: true },
  });
  const visible: string[] = [];
  for (const { projectId } of rows) {
    if (await can(db, principal, 'deploy:read', projectId)) visible.push(projectId);
  }
  return visible;
}
