/** Names of users: they are part of addresses of repositories. */
export const userNamePattern = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/;

/** What ids of users look like: a name like one would be taken for somebody else. */
export const userIdPattern = /^usr_[0-9a-z]{26}$/;

/** The one form of a login name: compatibility-normalised, trimmed, lower case. */
export function normalizeName(name: string): string {
  return name.normalize('NFKC').trim().toLowerCase();
}
