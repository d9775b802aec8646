import type { Permission } from '../../contracts/identity/permissions.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Db } from '../shared/db.ts';
import { claimedBy, effectivePermissions } from './check-access.ts';
import { permissionsByRole } from './granted-permissions.ts';

/**
 * Throws unless a person holds this by a direct grant: by a role of their own, or by the JWT that they came with. Giving
 * somebody access, or letting what one sees leave, outlives a delegation: whoever a permission was delegated to, and
 * every agent, uses it and does not delegate it. So the project's own people know everybody who came in.
 * @throws DomainError `forbidden`
 */
export async function requireDirectGrant(
  db: Db,
  caller: Caller,
  wanted: Iterable<Permission>,
  projectId: string | null,
  mode: 'any' | 'all' = 'all',
): Promise<void> {
  const { principal } = caller;
  if (principal.kind === 'system') return;
  if (principal.kind === 'agent' || principal.actChain.length > 0) {
    throw new DomainError('forbidden', 'An agent does not delegate access: a person has to.');
  }
  const own = new Set<string>([
    ...(await permissionsByRole(db, principal.userId, projectId)),
    ...(await claimedBy(db, principal)),
  ]);
  const held = await effectivePermissions(db, principal, projectId);
  const missing = [...wanted].filter((permission) => !own.has(permission) || !held.has(permission));
  const refused = mode === 'all' ? missing.length > 0 : missing.length === [...wanted].length;
  if (!refused) return;
  const delegated = missing.filter((permission) => held.has(permission));
  if (delegated.length > 0) {
    const named =
      delegated.length > 5 ? `${String(delegated.length)} permissions` : delegated.join(', ');
    throw new DomainError(
      'forbidden',
      `What was delegated to you cannot be delegated again: ${named}. It needs a role that gives it.`,
    );
  }
  const named = missing.length > 5 ? `${String(missing.length)} permissions` : missing.join(', ');
  throw new DomainError('forbidden', `You cannot grant what you do not have: ${named}.`);
}
