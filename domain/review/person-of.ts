import type { CommitPerson } from '../../contracts/git/merge.ts';
import type { User } from '../../prisma/generated/client.ts';

/** A user as author or committer of a commit. */
export function personOf(user: Pick<User, 'name' | 'displayName' | 'email'>): CommitPerson {
  return { name: user.displayName ?? user.name, email: user.email };
}
