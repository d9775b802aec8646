import type { Principal } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { isApiToken } from './api-token.ts';
import { authenticateToken } from './authenticate.ts';
import { checkPassword, type LoginLimits } from './check-password.ts';

export interface BasicCredentials {
  /** ignored when the password is an API token */
  name: string;
  password: string;
  ipAddr: string | null;
  limits: LoginLimits;
}

/**
 * HTTP Basic, for git: a user's name and password, or any name and an API token as the password. Some clients put the
 * token into the name and leave the password empty (or `x-oauth-basic`): that is taken as well.
 * @throws DomainError `unauthenticated`, or `rate_limited` after too many wrong passwords
 */
export async function authenticateBasic(
  db: PrismaClient,
  { name, password, ipAddr, limits }: BasicCredentials,
): Promise<Principal> {
  if (isApiToken(password)) return authenticateToken(db, password);
  if (isApiToken(name)) return authenticateToken(db, name);
  const user = await checkPassword(db, { name, password, ipAddr }, limits);
  if (!user) throw new DomainError('unauthenticated', 'Name or password is wrong.');
  const epoch = await db.accessEpoch.findFirst();
  return {
    userId: user.id,
    userName: user.name,
    kind: 'human',
    actChain: [],
    via: 'session',
    credentialId: null,
    scopes: null,
    projectId: null,
    claimedPermissions: [],
    claimedRoles: [],
    accessEpoch: epoch?.epoch ?? 0n,
  };
}
