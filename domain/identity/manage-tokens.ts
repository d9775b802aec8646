import { isPermissionPattern } from '../../contracts/identity/permissions.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { ApiToken, Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { newId } from '../shared/new-id.ts';
import type { Page, PageRequest } from '../shared/page.ts';
import { toPage } from '../shared/page.ts';
import { inTransaction } from '../shared/tx.ts';
import { newApiToken } from './api-token.ts';
import { can, requirePermission } from './check-access.ts';
import { findAccount, findUser } from './find-user.ts';
import { normalizeName } from './names.ts';
import { sha256Hex } from './hash-token.ts';
import { expandPatterns } from './permission-set.ts';
import { recordChange } from './record-change.ts';
import { requireAccount } from './require-account.ts';
import { requireNotAbove } from './require-not-above.ts';

/** A token as lists show it: never its text nor its hash. */
export interface TokenRecord {
  id: string;
  userId: string;
  name: string;
  scopes: string[];
  projectId: string | null;
  expiresAt: string | null;
  lastUsedAt: string | null;
  createdAt: string;
}

export interface CreateTokenInput {
  name: string;
  /** permissions or patterns of them, at least one */
  scopes: string[];
  /** the only project that it works on; null: all */
  projectId?: string | null | undefined;
  expiresAt?: string | null | undefined;
  /** id or name of an agent to make it for; only holders of admin:users */
  user?: string | undefined;
}

function toTokenRecord(token: ApiToken): TokenRecord {
  return {
    id: token.id,
    userId: token.userId,
    name: token.name,
    scopes: token.scopes,
    projectId: token.projectId,
    expiresAt: token.expiresAt?.toISOString() ?? null,
    lastUsedAt: token.lastUsedAt?.toISOString() ?? null,
    createdAt: token.createdAt.toISOString(),
  };
}

/**
 * Makes an API token for the caller, or for an agent. A token can only be narrower than the credential that made it.
 * @returns the record and the token's text, which is shown this once
 */
export async function createToken(
  db: PrismaClient,
  caller: Caller,
  input: CreateTokenInput,
): Promise<{ record: TokenRecord; token: string }> {
  requireAccount(caller);
  const userId = await ownerOf(db, caller, input.user);
  const expiresAt = futureDate(input.expiresAt ?? null);
  requireNarrower(caller, input);
  await requireNoLonger(db, caller, expiresAt);
  if (input.projectId != null) await requirePermission(db, caller, 'project:read', input.projectId);
  const token = newApiToken();
  const record = await inTransaction(db, async (tx) => {
    const row = await tx.apiToken.create({
      data: {
        id: newId('token'),
        userId,
        name: input.name,
        tokenHash: sha256Hex(token),
        scopes: [...new Set(input.scopes)],
        projectId: input.projectId ?? null,
        expiresAt,
      },
    });
    await noteGrantor(tx, caller, userId);
    await recordChange(tx, caller, {
      event: 'access.changed',
      action: 'token.created',
      resource: 'token',
      resourceId: row.id,
      projectId: row.projectId,
      message: `Token ${row.name} was made`,
      detail: {
        name: row.name,
        scopes: row.scopes,
        userId,
        expiresAt: row.expiresAt?.toISOString(),
      },
    });
    return toTokenRecord(row);
  });
  return { record, token };
}

/** Whoever made a token for an agent knows it, and can be that agent. */
async function noteGrantor(
  tx: Prisma.TransactionClient,
  { principal: { userId: grantorId } }: Caller,
  agentId: string,
): Promise<void> {
  if (agentId === grantorId) return;
  await tx.agentGrantor.createMany({ data: [{ agentId, grantorId }], skipDuplicates: true });
}

async function ownerOf(
  db: PrismaClient,
  caller: Caller,
  user: string | undefined,
): Promise<string> {
  const { userId, userName } = caller.principal;
  if (user === undefined || user === userId || normalizeName(user) === userName) {
    return (await findUser(db, userId)).id;
  }
  // Before it is looked up: whoever may not make it is not told whether there is such an account.
  await requirePermission(db, caller, 'admin:users', null);
  const owner = await findAccount(db, user);
  await requireNotAbove(db, caller, owner.id);
  if (owner.kind !== 'agent') {
    throw new DomainError(
      'forbidden',
      'A person makes their own tokens; only those of agents are made for them.',
    );
  }
  return owner.id;
}

function futureDate(text: string | null): Date | null {
  if (text === null) return null;
  const date = new Date(text);
  if (date.getTime() > Date.now()) return date;
  throw new DomainError('validation_failed', 'See errors for what was wrong and where.', {
    errors: [{ pointer: '#/expiresAt', detail: 'A time that is still to come', rule: 'future' }],
  });
}

function requireNarrower({ principal }: Caller, input: CreateTokenInput): void {
  const bad = input.scopes.filter((scope) => !isPermissionPattern(scope));
  const unknown = input.scopes.filter((scope) => expandPatterns([scope]).size === 0);
  if (bad.length > 0 || unknown.length > 0) {
    throw new DomainError('validation_failed', 'See errors for what was wrong and where.', {
      errors: [...new Set([...bad, ...unknown])].map((scope) => ({
        pointer: `#/scopes/${input.scopes.indexOf(scope)}`,
        detail: 'No permission and no pattern of any',
        rule: 'permission',
      })),
    });
  }
  const { scopes, projectId } = principal;
  const own = scopes === null ? null : expandPatterns(scopes);
  const wider = own !== null && [...expandPatterns(input.scopes)].some((scope) => !own.has(scope));
  if (wider || (projectId !== null && projectId !== input.projectId)) {
    throw new DomainError('forbidden', 'A token cannot make a token that may do more than itself.');
  }
}

/** A credential that ends must not leave one behind that does not: whoever found it would keep what it could. */
async function requireNoLonger(
  db: PrismaClient,
  { principal: { via, credentialId } }: Caller,
  expiresAt: Date | null,
): Promise<void> {
  if (via !== 'token') return;
  const token = await db.apiToken.findUnique({ where: { id: credentialId ?? '' } });
  const end = token === null ? new Date() : token.expiresAt;
  if (end === null || (expiresAt !== null && expiresAt <= end)) return;
  throw new DomainError(
    'forbidden',
    `A token cannot make a token that outlives it: expiresAt may be ${end.toISOString()} at the latest.`,
  );
}

/** Tokens of the caller, or of another user for holders of admin:users; oldest first. */
export async function listTokens(
  db: PrismaClient,
  caller: Caller,
  page: PageRequest,
  user?: string,
): Promise<Page<TokenRecord>> {
  requireAccount(caller);
  const owner = await findUser(db, user ?? caller.principal.userId);
  if (owner.id !== caller.principal.userId)
    await requirePermission(db, caller, 'admin:users', null);
  const where = { userId: owner.id };
  const rows = await db.apiToken.findMany({
    where: page.after === null ? where : { ...where, id: { gt: page.after } },
    orderBy: { id: 'asc' },
    skip: page.offset,
    take: page.limit + 1,
  });
  return toPage(rows, page, await db.apiToken.count({ where }), toTokenRecord);
}

/** Revokes a token at once: the owner's own, or anybody's for holders of admin:users. */
export async function revokeToken(db: PrismaClient, caller: Caller, id: string): Promise<void> {
  requireAccount(caller);
  const missing = new DomainError('not_found', 'There is no such token.');
  const token = await db.apiToken.findUnique({ where: { id } });
  if (!token) throw missing;
  if (token.userId !== caller.principal.userId) {
    if (!(await can(db, caller.principal, 'admin:users', null))) throw missing;
    await requireNotAbove(db, caller, token.userId);
  }
  await inTransaction(db, async (tx) => {
    const { count } = await tx.apiToken.deleteMany({ where: { id } });
    if (count === 0) throw missing;
    await recordChange(tx, caller, {
      event: 'access.changed',
      action: 'token.revoked',
      resource: 'token',
      resourceId: id,
      projectId: token.projectId,
      message: `Token ${token.name} was revoked`,
      detail: { name: token.name, userId: token.userId },
    });
  });
}
