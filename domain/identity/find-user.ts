import { DomainError } from '../../contracts/problems.ts';
import type { User } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { normalizeName } from './names.ts';
import { systemUserId } from './system-user.ts';

/** A user by id or name; an id is nobody's name. @throws DomainError `not_found` */
export async function findUser(db: Db, idOrName: string): Promise<User> {
  const found = await db.user.findMany({
    where: { OR: [{ id: idOrName }, { name: normalizeName(idOrName) }] },
  });
  const user = found.find(({ id }) => id === idOrName) ?? found[0];
  if (!user) throw new DomainError('not_found', 'There is no such user.');
  return user;
}

/**
 * The same, of an account that may be changed or given something. The platform's own is none: what it makes is trusted
 * wherever somebody's work is asked after.
 * @throws DomainError `not_found`, `protected`
 */
export async function findAccount(db: Db, idOrName: string): Promise<User> {
  const user = await findUser(db, idOrName);
  if (user.id !== systemUserId) return user;
  throw new DomainError('protected', 'This is the platform itself: nobody acts as it.');
}
