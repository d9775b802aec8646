import type { Permission } from '../../contracts/identity/permissions.ts';
import { isSignedIn, type Principal } from '../../contracts/identity/principal.ts';
import { can } from '../identity/check-access.ts';
import type { Db } from '../shared/db.ts';
import type { ProjectScope } from './project-scope.ts';

/**
 * Ids of the active projects that the principal may read: all of them with a global `project:read`, else the public ones,
 * for whoever signed in the internal ones, and those where a role or delegation of their own gives it. With another
 * permission: those where it is held.
 */
export async function readableProjectIds(
  db: Db,
  principal: Principal,
  permission: Permission = 'project:read',
): Promise<string[]> {
  const { projectId } = principal;
  const limit = projectId === null ? {} : { id: projectId };
  const ids = (rows: { id: string }[]) => rows.map((row) => row.id);
  const select = { id: true } as const;
  if (await can(db, principal, permission, null)) {
    return ids(await db.project.findMany({ where: { isActive: true, ...limit }, select }));
  }
  const visible = isSignedIn(principal) && projectId === null ? ['public', 'internal'] : ['public'];
  const open =
    permission === 'project:read'
      ? await db.project.findMany({
          where: { isActive: true, visibility: { in: visible }, ...limit },
          select,
        })
      : [];
  const { userId } = principal;
  const bound = await db.project.findMany({
    where: {
      isActive: true,
      ...limit,
      OR: [
        { roleBindings: { some: { userId } } },
        { delegations: { some: { delegateId: userId, revokedAt: null } } },
      ],
    },
    select,
  });
  const readable = new Set(ids(open));
  for (const id of ids(bound)) {
    if (!readable.has(id) && (await can(db, principal, permission, id))) readable.add(id);
  }
  return [...readable];
}

/**
 * The same for a list that asks for its projects itself: where all of them may be read their ids are not.
 * @param wanted only of these
 */
export async function readableProjects(
  db: Db,
  principal: Principal,
  wanted: readonly string[] | null = null,
): Promise<ProjectScope> {
  if (principal.projectId === null && (await can(db, principal, 'project:read', null))) {
    return { ids: wanted, onlyActive: true };
  }
  const ids = await readableProjectIds(db, principal);
  const among = wanted === null ? ids : ids.filter((id) => wanted.includes(id));
  return { ids: among, onlyActive: true };
}
