import type { Caller } from '../../contracts/identity/principal.ts';
import type { Db } from '../shared/db.ts';
import { effectivePermissions } from './check-access.ts';
import { managesAccount } from './require-account.ts';

export interface OwnAccess {
  userId: string;
  name: string;
  displayName: string | null;
  /** null also for a credential that does not manage the account */
  email: string | null;
  kind: string;
  via: string;
  roles: string[];
  permissions: string[];
  scopes: string[] | null;
  projectId: string | null;
}

/** Who the caller is and what this credential may do everywhere, or on one project. */
export async function readOwnAccess(
  db: Db,
  caller: Caller,
  projectId: string | null,
): Promise<OwnAccess> {
  const { principal } = caller;
  const user = await db.user.findUnique({
    where: { id: principal.userId },
    include: { roles: { where: { projectId: null }, include: { role: true } } },
  });
  const bound = user?.roles.map((binding) => binding.role.name) ?? [];
  const permissions = await effectivePermissions(db, principal, projectId);
  return {
    userId: principal.userId,
    name: principal.userName,
    displayName: user?.displayName ?? null,
    // For what acts in somebody's place their name is enough.
    email: managesAccount(principal) ? (user?.email ?? null) : null,
    kind: principal.kind,
    via: principal.via,
    roles: [...new Set([...bound, ...principal.claimedRoles])].sort(),
    permissions: [...permissions].sort(),
    scopes: principal.scopes === null ? null : [...principal.scopes],
    projectId: principal.projectId,
  };
}
