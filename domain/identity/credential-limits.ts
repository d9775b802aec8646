import { z } from 'zod';
import type { Permission } from '../../contracts/identity/permissions.ts';
import type { Principal } from '../../contracts/identity/principal.ts';
import { Prisma, type User } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { expandPatterns } from './permission-set.ts';

const shape = z.object({
  tokenId: z.string().nullable(),
  scopes: z.array(z.string()).nullable(),
  projectId: z.string().nullable(),
  actChain: z.array(z.string()),
});

/**
 * What narrows a credential, as it is kept with a request that the platform carries out later in somebody's name (ADR 51).
 * It gives nothing: what may be done is what the person may do then, within these.
 */
export interface CredentialLimits {
  /** the API token that asked; null for a session, a JWT and the platform itself */
  tokenId: string | null;
  /** permissions and patterns of them; null: all that the person has */
  scopes: string[] | null;
  /** the only project; null: all */
  projectId: string | null;
  /** user ids on whose behalf it acted */
  actChain: string[];
}

/** Of a credential that stands for the whole person. */
export const unlimited: Readonly<CredentialLimits> = Object.freeze({
  tokenId: null,
  scopes: null,
  projectId: null,
  actChain: [],
});

/** The limits of whoever acts now, to be kept with what they ask for. */
export function limitsOf(principal: Principal): CredentialLimits {
  const { via, credentialId, scopes, projectId, actChain } = principal;
  return {
    tokenId: via === 'token' ? credentialId : null,
    scopes: scopes === null ? null : [...scopes],
    projectId,
    actChain: [...actChain],
  };
}

/**
 * Limits as a row keeps them.
 * @param unknown what counts for a row of before they were kept
 * @throws ZodError for anything that {@link limitsOf} did not make
 */
export function readLimits<T>(stored: unknown, unknown: T): CredentialLimits | T {
  return stored === null || stored === undefined ? unknown : shape.parse(stored);
}

/** Limits as a column takes them. */
export function storableLimits(
  limits: CredentialLimits | null,
): Prisma.InputJsonObject | typeof Prisma.DbNull {
  return limits === null ? Prisma.DbNull : { ...limits };
}

/** Of a request of before they were kept: what was asked for and no more. */
export function onlyFor(...scopes: Permission[]): CredentialLimits {
  return { ...unlimited, scopes, actChain: [] };
}

/** True when nothing about the credential stands against a permission on a project; whether the person has it is another question. */
export function limitsAllow(
  { scopes, projectId: only }: Pick<Principal, 'scopes' | 'projectId'>,
  permission: Permission,
  projectId: string,
): boolean {
  return (
    (only === null || only === projectId) &&
    (scopes === null || expandPatterns(scopes).has(permission))
  );
}

/**
 * Why a request that waits has ended with its credential, in half a sentence: the user was disabled or is gone, the token was revoked or
 * ran out. Signing out ends none. Null while it stands.
 */
export async function whyCredentialEnded(
  db: Db,
  user: Pick<User, 'name' | 'isActive'> | null,
  { tokenId }: CredentialLimits,
): Promise<string | null> {
  if (user === null) return 'the account of whoever asked for it is gone';
  if (!user.isActive) return `the account of ${user.name}, who asked for it, is disabled`;
  if (tokenId === null) return null;
  const token = await db.apiToken.findUnique({ where: { id: tokenId } });
  if (token === null) return `the token that ${user.name} asked for it with was revoked`;
  const isOver = token.expiresAt !== null && token.expiresAt <= new Date();
  return isOver ? `the token that ${user.name} asked for it with has expired` : null;
}
