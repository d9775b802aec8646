import { permissions, type Permission } from '../../contracts/identity/permissions.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Db } from '../shared/db.ts';
import { effectivePermissions } from './check-access.ts';
import { grantedByPlace } from './granted-permissions.ts';

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

/**
 * Throws when the user holds something, everywhere or on any one project, that the caller does not hold there: an account
 * above one's own cannot be changed, for whoever sets its password is that account.
 */
export async function requireNotAbove(db: Db, caller: Caller, userId: string): Promise<void> {
  const { principal } = caller;
  if (principal.userId === userId) return;
  const everywhere = await effectivePermissions(db, principal, null);
  if (permissions.every((permission) => everywhere.has(permission))) return;
  for (const [projectId, theirs] of await grantedByPlace(db, userId)) {
    const held = await effectivePermissions(db, principal, projectId);
    if ([...theirs].every((permission) => held.has(permission))) continue;
    // Which project it is may be hidden from the caller.
    const where = projectId === null ? '' : ' on a project';
    throw new DomainError('forbidden', `This account holds more than yours${where}.`);
  }
}
