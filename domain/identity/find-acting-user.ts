import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { User } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';

/**
 * The row of whoever acts, for things that have an author. A JWT may speak for somebody without a row.
 * @throws DomainError `forbidden` when there is none, or it is not active
 */
export async function findActingUser(db: Db, caller: Caller): Promise<User> {
  const user = await db.user.findUnique({ where: { id: caller.principal.userId } });
  if (user?.isActive === true) return user;
  throw new DomainError('forbidden', 'Only a user of this installation can do this.');
}
