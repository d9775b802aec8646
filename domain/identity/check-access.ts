import { type Permission, permissions } from '../../contracts/identity/permissions.ts';
import type { Caller, Principal } from '../../contracts/identity/principal.ts';
import { isSignedIn } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Db } from '../shared/db.ts';
import { AccessCache } from './access-cache.ts';
import { grantedPermissions, permissionsOfRoles } from './granted-permissions.ts';
import { expandPatterns, intersect } from './permission-set.ts';

const cache = new AccessCache();

/** The epoch that keys the cache. A principal that was not made by a sign-in has none: it is read now. */
async function epochOf(db: Db, principal: Principal): Promise<bigint> {
  if (principal.accessEpoch > 0n) return principal.accessEpoch;
  return (await db.accessEpoch.findFirst())?.epoch ?? 1n;
}

async function heldBy(
  db: Db,
  userId: string,
  projectId: string | null,
  epoch: bigint,
): Promise<ReadonlySet<Permission>> {
  const key = `${userId} ${projectId ?? ''} ${epoch}`;
  return cache.get(key, () => grantedPermissions(db, userId, projectId));
}

/** What the JWT of a principal claims for it, and no row of ours. */
export async function claimedBy(db: Db, principal: Principal): Promise<ReadonlySet<Permission>> {
  const { claimedRoles, claimedPermissions } = principal;
  if (claimedRoles.length === 0) return expandPatterns(claimedPermissions);
  const epoch = await epochOf(db, principal);
  const key = `roles ${JSON.stringify([...claimedRoles].sort())} ${epoch}`;
  const ofRoles = await cache.get(key, async () => ({
    permissions: await permissionsOfRoles(db, claimedRoles),
    validUntil: null,
  }));
  return new Set([...ofRoles, ...expandPatterns(claimedPermissions)]);
}

/**
 * What a principal may do on a project (null: everywhere): roles, delegations and claims of its JWT, narrowed by its
 * token's scopes and project and by every user on whose behalf it acts.
 *
 * Cached in this process per (user, project, access epoch) for at most 5 minutes and never past the end of a
 * delegation. The epoch comes with each sign-in and moves on every change of access, in whichever process.
 */
export async function effectivePermissions(
  db: Db,
  principal: Principal,
  projectId: string | null,
): Promise<Set<string>> {
  if (principal.kind === 'system') return new Set(permissions);
  if (!isSignedIn(principal)) return new Set();
  if (principal.projectId !== null && principal.projectId !== projectId) return new Set();
  const epoch = await epochOf(db, principal);
  const held = await heldBy(db, principal.userId, projectId, epoch);
  let effective = new Set([...held, ...(await claimedBy(db, principal))]);
  for (const userId of principal.actChain) {
    effective = intersect(effective, await heldBy(db, userId, projectId, epoch));
  }
  return principal.scopes === null
    ? effective
    : intersect(effective, expandPatterns(principal.scopes));
}

/** True when the principal holds the permission on the project (null: everywhere). */
export async function can(
  db: Db,
  principal: Principal,
  permission: Permission,
  projectId: string | null,
): Promise<boolean> {
  return (await effectivePermissions(db, principal, projectId)).has(permission);
}

/** True when at least one of the permissions is held. */
export async function canAny(
  db: Db,
  principal: Principal,
  wanted: readonly Permission[],
  projectId: string | null,
): Promise<boolean> {
  const held = await effectivePermissions(db, principal, projectId);
  return wanted.some((permission) => held.has(permission));
}

/** True when every one of the permissions is held. */
export async function canAll(
  db: Db,
  principal: Principal,
  wanted: readonly Permission[],
  projectId: string | null,
): Promise<boolean> {
  const held = await effectivePermissions(db, principal, projectId);
  return wanted.every((permission) => held.has(permission));
}

/** True when the principal holds the role by name: bound globally, or claimed by its JWT. */
export async function hasRole(db: Db, principal: Principal, role: string): Promise<boolean> {
  if (principal.claimedRoles.includes(role)) return true;
  const binding = await db.userRole.findFirst({
    where: {
      userId: principal.userId,
      projectId: null,
      role: { name: role },
      user: { isActive: true },
    },
  });
  return binding !== null;
}

/** What anybody has who may see a project because of its visibility. */
const givenByVisibility = expandPatterns(['project:read']);

/** True when the project's visibility alone gives the permission: public to anybody, internal to whoever signed in. */
export async function visibilityGives(
  db: Db,
  principal: Principal,
  permission: Permission,
  projectId: string,
): Promise<boolean> {
  if (!givenByVisibility.has(permission)) return false;
  const project = await db.project.findUnique({
    where: { id: projectId },
    select: { visibility: true },
  });
  return project !== null && isGivenBy(project.visibility, principal, permission);
}

/** The same of a project whose visibility was read already. */
export function isGivenBy(
  visibility: string,
  principal: Principal,
  permission: Permission,
): boolean {
  if (!givenByVisibility.has(permission)) return false;
  if (visibility === 'public') return true;
  return (
    visibility === 'internal' &&
    isSignedIn(principal) &&
    principal.projectId === null &&
    (principal.scopes === null || expandPatterns(principal.scopes).has(permission))
  );
}

/** True when the permission is held, or given by the project's visibility. */
export async function isAllowed(
  db: Db,
  principal: Principal,
  permission: Permission,
  projectId: string | null,
): Promise<boolean> {
  if (await can(db, principal, permission, projectId)) return true;
  return projectId !== null && (await visibilityGives(db, principal, permission, projectId));
}

/**
 * Throws unless the caller may do it.
 * @throws DomainError `unauthenticated` for whoever did not sign in, `not_found` when the project may not even be read
 * (a private thing you may not see does not exist), else `forbidden`.
 */
export async function requirePermission(
  db: Db,
  caller: Caller,
  permission: Permission,
  projectId: string | null,
): Promise<void> {
  await requireAny(db, caller, [permission], projectId);
}

/** Like requirePermission, for any one of several. */
export async function requireAny(
  db: Db,
  caller: Caller,
  wanted: readonly Permission[],
  projectId: string | null,
): Promise<void> {
  const { principal } = caller;
  if (await canAny(db, principal, wanted, projectId)) return;
  if (projectId !== null) {
    for (const permission of wanted) {
      if (await visibilityGives(db, principal, permission, projectId)) return;
    }
  }
  throw await refusal(db, principal, wanted, projectId);
}

/** Like requirePermission, for several at once. */
export async function requireAll(
  db: Db,
  caller: Caller,
  wanted: readonly Permission[],
  projectId: string | null,
): Promise<void> {
  for (const permission of wanted) await requirePermission(db, caller, permission, projectId);
}

async function refusal(
  db: Db,
  principal: Principal,
  wanted: readonly Permission[],
  projectId: string | null,
): Promise<DomainError> {
  if (!isSignedIn(principal)) return new DomainError('unauthenticated', 'Sign in first.');
  const needs = `It needs ${wanted.join(' or ')}.`;
  if (projectId === null) return new DomainError('forbidden', needs);
  return (await isAllowed(db, principal, 'project:read', projectId))
    ? new DomainError('forbidden', needs)
    : new DomainError('not_found', 'There is no such project, or you may not see it.');
}
