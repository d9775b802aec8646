import type { User } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';

/** A user as others' pages name them. */
export interface UserName {
  id: string;
  name: string;
  displayName: string | null;
}

/** What to select of a user to name them. */
export const userNameFields = { id: true, name: true, displayName: true } as const;

export function toUserName(user: Pick<User, 'id' | 'name' | 'displayName'>): UserName {
  return { id: user.id, name: user.name, displayName: user.displayName };
}

/** Names of users by id; one that is gone is left out. */
export async function readUserNames(
  db: Db,
  ids: readonly (string | null)[],
): Promise<Map<string, UserName>> {
  const wanted = [...new Set(ids.filter((id) => id !== null))];
  if (wanted.length === 0) return new Map();
  const users = await db.user.findMany({
    where: { id: { in: wanted } },
    select: userNameFields,
  });
  return new Map(users.map((user) => [user.id, toUserName(user)]));
}
