import { permissions, type Permission } from '../../contracts/identity/permissions.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Db } from '../shared/db.ts';
import { effectivePermissions } from './check-access.ts';
import { grantedPermissions } from './granted-permissions.ts';

/**
 * Throws unless the caller holds everything in `wanted` on that project (null: everywhere). Who hands out access cannot
 * hand out more than they have, so that no one permission is a way to all of them.
 */
export async function requireHolding(
  db: Db,
  caller: Caller,
  wanted: Iterable<Permission>,
  projectId: string | null,
): Promise<void> {
  const held = await effectivePermissions(db, caller.principal, projectId);
  const missing = [...wanted].filter((permission) => !held.has(permission));
  if (missing.length > 0) {
    const named = missing.length > 5 ? `${missing.length} permissions` : missing.join(', ');
    throw new DomainError('forbidden', `You cannot grant what you do not have: ${named}.`);
  }
}

/** Throws when the user holds something that the caller does not: an account above one's own cannot be changed. */
export async function requireNotAbove(db: Db, caller: Caller, userId: string): Promise<void> {
  if (caller.principal.userId === userId) return;
  const { permissions: theirs } = await grantedPermissions(db, userId, null);
  const held = await effectivePermissions(db, caller.principal, null);
  if (permissions.some((permission) => theirs.has(permission) && !held.has(permission))) {
    throw new DomainError('forbidden', 'This account holds more than yours.');
  }
}
