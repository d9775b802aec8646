import type { Permission } from '../../contracts/identity/permissions.ts';
import type { Db } from '../shared/db.ts';
import { grantedPermissions, roleIdsGranting } from './granted-permissions.ts';
import { expandPatterns } from './permission-set.ts';

/**
 * Ids of the active users who hold a permission on a project: by a role there or everywhere, or by a live delegation.
 * What a JWT alone would claim is not known here.
 */
export async function findHolders(
  db: Db,
  permission: Permission,
  projectId: string,
): Promise<Set<string>> {
  const onProject = { OR: [{ projectId: null }, { projectId }] };
  const bindings = await db.userRole.findMany({
    where: {
      ...onProject,
      roleId: { in: await roleIdsGranting(db, permission) },
      user: { isActive: true },
    },
    select: { userId: true },
  });
  const holders = new Set(bindings.map((binding) => binding.userId));
  const delegations = await db.delegation.findMany({
    where: {
      revokedAt: null,
      AND: [onProject, { OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }] }],
    },
    select: { delegateId: true, permission: { select: { name: true } } },
  });
  for (const { delegateId, permission: given } of delegations) {
    if (holders.has(delegateId) || !expandPatterns([given.name]).has(permission)) continue;
    // Whether the delegator still holds it is asked along the whole chain.
    const { permissions } = await grantedPermissions(db, delegateId, projectId);
    if (permissions.has(permission)) holders.add(delegateId);
  }
  return holders;
}

/** Ids of the active people who belong to a project: its owner, and whoever has a role on it. */
export async function findMembers(db: Db, projectId: string): Promise<Set<string>> {
  const { owner, roleBindings } = await db.project.findUniqueOrThrow({
    where: { id: projectId },
    select: {
      owner: { select: { id: true, isActive: true } },
      roleBindings: { where: { user: { isActive: true } }, select: { userId: true } },
    },
  });
  return new Set([
    ...(owner.isActive ? [owner.id] : []),
    ...roleBindings.map((binding) => binding.userId),
  ]);
}
