/** Names of users: they are part of addresses of repositories. */
export const userNamePattern = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/;

/** The one form of a login name: compatibility-normalised, trimmed, lower case. */
export function normalizeName(name: string): string {
  return name.normalize('NFKC').trim().toLowerCase();
}
