import type { Principal } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { isApiToken } from './api-token.ts';
import { sha256Hex } from './hash-token.ts';
import { createSessions } from './sessions.ts';

/** What a JWT said, after its signature, issuer, audience and times were checked. */
export interface VerifiedClaims {
  subject: string;
  roles: readonly string[];
  permissions: readonly string[];
}

/** Checks a JWT; rejects with `unauthenticated` when anything about it is wrong. */
export type VerifyJwt = (token: string) => Promise<VerifiedClaims>;

function kindOf(kind: string): 'human' | 'agent' {
  return kind === 'agent' ? 'agent' : 'human';
}

const unlimited = {
  actChain: [],
  scopes: null,
  projectId: null,
  claimedPermissions: [],
  claimedRoles: [],
} as const;

/**
 * Who a session cookie belongs to; null when the session is unknown, over, or its user was deactivated.
 * @param durationMs life that a session is prolonged to when half of it is over
 */
export async function authenticateSession(
  db: PrismaClient,
  value: string,
  durationMs: number,
): Promise<Principal | null> {
  if (value === '' || value.length > 200) return null;
  const { session, user } = await createSessions(db, durationMs).validateSession(value);
  if (!user?.isActive) return null;
  return {
    ...unlimited,
    userId: user.id,
    userName: user.name,
    kind: kindOf(user.kind),
    via: 'session',
    credentialId: session.rowId,
    accessEpoch: session.accessEpoch,
  };
}

interface TokenRow {
  id: string;
  user_id: string;
  scopes: string[];
  project_id: string | null;
  name: string;
  kind: string;
  stale: boolean;
  epoch: bigint;
}

/** Who an API token belongs to. `last_used_at` is moved at most once a minute, so that reads stay reads. */
export async function authenticateToken(db: PrismaClient, token: string): Promise<Principal> {
  // The checksum spares the database guesses and typos.
  if (!isApiToken(token)) throw new DomainError('unauthenticated', 'This is no API token.');
  const rows = await db.$queryRaw<TokenRow[]>`
    SELECT t.id, t.user_id, t.scopes, t.project_id, u.name, u.kind,
           (t.last_used_at IS NULL OR t.last_used_at < now() - interval '1 minute') AS stale,
           coalesce((SELECT epoch FROM access_epoch), 1) AS epoch
      FROM api_tokens t JOIN users u ON u.id = t.user_id
     WHERE t.token_hash = ${sha256Hex(token)} AND u.is_active
       AND (t.expires_at IS NULL OR t.expires_at > now())`;
  const row = rows[0];
  if (!row) throw new DomainError('unauthenticated', 'The token is unknown, revoked or expired.');
  if (row.stale) {
    await db.$executeRaw`UPDATE api_tokens SET last_used_at = now() WHERE id = ${row.id}`;
  }
  return {
    ...unlimited,
    userId: row.user_id,
    userName: row.name,
    kind: kindOf(row.kind),
    via: 'token',
    credentialId: row.id,
    scopes: row.scopes,
    projectId: row.project_id,
    accessEpoch: row.epoch,
  };
}

interface SubjectRow {
  id: string | null;
  name: string | null;
  kind: string | null;
  is_active: boolean | null;
  epoch: bigint;
}

/**
 * Who a verified JWT speaks for. A subject that is the id or name of a user acts as that user, with the roles and
 * permissions that the token claims added; any other subject has what the token claims and nothing else.
 */
export async function authenticateJwt(
  db: PrismaClient,
  claims: VerifiedClaims,
): Promise<Principal> {
  const rows = await db.$queryRaw<SubjectRow[]>`
    SELECT u.id, u.name, u.kind, u.is_active, e.epoch
      FROM (SELECT coalesce((SELECT epoch FROM access_epoch), 1) AS epoch) e
      LEFT JOIN users u ON u.id = ${claims.subject} OR u.name = ${claims.subject}
     ORDER BY u.id = ${claims.subject} DESC NULLS LAST LIMIT 1`;
  const row = rows[0];
  if (row?.is_active === false) {
    throw new DomainError('unauthenticated', 'This account is not active.');
  }
  return {
    ...unlimited,
    userId: row?.id ?? `jwt:${claims.subject}`,
    userName: row?.name ?? claims.subject,
    kind: kindOf(row?.kind ?? 'human'),
    via: 'jwt',
    credentialId: null,
    claimedPermissions: claims.permissions,
    claimedRoles: claims.roles,
    accessEpoch: row?.epoch ?? 0n,
  };
}
