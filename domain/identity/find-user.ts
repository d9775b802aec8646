import { DomainError } from '../../contracts/problems.ts';
import type { User } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { normalizeName } from './names.ts';

/** A user by id or name. @throws DomainError `not_found` */
export async function findUser(db: Db, idOrName: string): Promise<User> {
  const user = await db.user.findFirst({
    where: { OR: [{ id: idOrName }, { name: normalizeName(idOrName) }] },
  });
  if (!user) throw new DomainError('not_found', 'There is no such user.');
  return user;
}
