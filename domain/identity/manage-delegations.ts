import { permissions, type Permission } from '../../contracts/identity/permissions.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { newId } from '../shared/new-id.ts';
import type { Page, PageRequest } from '../shared/page.ts';
import { toPage } from '../shared/page.ts';
import { inTransaction } from '../shared/tx.ts';
import { can, requirePermission } from './check-access.ts';
import { findUser } from './find-user.ts';
import { grantedPermissions } from './granted-permissions.ts';
import { permissionIds } from './manage-roles.ts';
import { recordChange } from './record-change.ts';
import { requireHolding } from './require-not-above.ts';

export interface DelegationRecord {
  id: string;
  delegatorId: string;
  delegatorName: string;
  delegateId: string;
  delegateName: string;
  permission: string;
  projectId: string | null;
  expiresAt: string | null;
  reason: string | null;
  createdAt: string;
  revokedAt: string | null;
}

export interface DelegationInput {
  /** id or name of who gets it */
  delegate: string;
  permission: Permission;
  projectId?: string | null | undefined;
  expiresAt?: string | null | undefined;
  reason?: string | null | undefined;
}

const include = {
  delegator: true,
  delegate: true,
  permission: true,
} as const satisfies Prisma.DelegationInclude;

type Row = Prisma.DelegationGetPayload<{ include: typeof include }>;

function toDelegationRecord(row: Row): DelegationRecord {
  return {
    id: row.id,
    delegatorId: row.delegatorId,
    delegatorName: row.delegator.name,
    delegateId: row.delegateId,
    delegateName: row.delegate.name,
    permission: row.permission.name,
    projectId: row.projectId,
    expiresAt: row.expiresAt?.toISOString() ?? null,
    reason: row.reason,
    createdAt: row.createdAt.toISOString(),
    revokedAt: row.revokedAt?.toISOString() ?? null,
  };
}

/** Throws unless the caller holds it now, by this credential and by what is recorded of them. */
async function requireDelegable(
  db: Db,
  caller: Caller,
  permission: Permission,
  projectId: string | null,
): Promise<void> {
  if (projectId !== null) await requirePermission(db, caller, permission, projectId);
  await requireHolding(db, caller, [permission], projectId);
  // Claims of a JWT end with it: what is handed on must be the user's own.
  const own = await grantedPermissions(db, caller.principal.userId, projectId);
  if (!own.permissions.has(permission)) {
    throw new DomainError('forbidden', `You cannot hand out what you do not have: ${permission}.`);
  }
}

/**
 * Hands one permission on to a user or agent. It counts while the delegator holds it, until it expires or is revoked.
 * @throws DomainError `forbidden` without the permission, `already_exists` for a live one alike
 */
export async function createDelegation(
  db: PrismaClient,
  caller: Caller,
  input: DelegationInput,
): Promise<DelegationRecord> {
  const projectId = input.projectId ?? null;
  await requireDelegable(db, caller, input.permission, projectId);
  const delegate = await findUser(db, input.delegate);
  const delegatorId = caller.principal.userId;
  if (delegate.id === delegatorId) throw bad('delegate', 'Somebody else', 'other');
  const expiresAt = input.expiresAt == null ? null : new Date(input.expiresAt);
  if (expiresAt !== null && expiresAt.getTime() <= Date.now()) {
    throw bad('expiresAt', 'A time that is still to come', 'future');
  }
  return inTransaction(db, async (tx) => {
    const [permissionId = ''] = await permissionIds(tx, [input.permission]);
    const alike = { delegatorId, delegateId: delegate.id, permissionId, projectId };
    await clearExpired(tx, alike);
    if (await tx.delegation.findFirst({ where: { ...alike, revokedAt: null } })) {
      throw new DomainError('already_exists', `${delegate.name} has this from you already.`);
    }
    const row = await tx.delegation.create({
      data: { id: newId('delegation'), ...alike, expiresAt, reason: input.reason ?? null },
      include,
    });
    await record(tx, caller, row, 'delegation.created', `${delegate.name} got ${input.permission}`);
    return toDelegationRecord(row);
  });
}

/** An expired delegation is over though nobody revoked it: it must not stand in the way of a new one. */
async function clearExpired(
  tx: Prisma.TransactionClient,
  alike: Prisma.DelegationWhereInput,
): Promise<void> {
  await tx.delegation.updateMany({
    where: { ...alike, revokedAt: null, expiresAt: { lte: new Date() } },
    data: { revokedAt: new Date() },
  });
}

/** Takes a delegation back at once: by who gave it, by who got it, or by holders of admin:delegate. */
export async function revokeDelegation(
  db: PrismaClient,
  caller: Caller,
  id: string,
): Promise<void> {
  const row = await db.delegation.findUnique({ where: { id }, include });
  const mine = [row?.delegatorId, row?.delegateId].includes(caller.principal.userId);
  const mayRevoke =
    row !== null && (mine || (await can(db, caller.principal, 'admin:delegate', row.projectId)));
  if (!mayRevoke) throw new DomainError('not_found', 'There is no such delegation.');
  await inTransaction(db, async (tx) => {
    const { count } = await tx.delegation.updateMany({
      where: { id, revokedAt: null },
      data: { revokedAt: new Date() },
    });
    if (count === 0) throw new DomainError('illegal_transition', 'It is revoked already.');
    const message = `${row.delegate.name} lost ${row.permission.name}`;
    await record(tx, caller, row, 'delegation.revoked', message);
  });
}

async function record(
  tx: Prisma.TransactionClient,
  caller: Caller,
  row: Row,
  action: string,
  message: string,
): Promise<void> {
  await recordChange(tx, caller, {
    event: 'access.changed',
    action,
    resource: 'delegation',
    resourceId: row.id,
    projectId: row.projectId,
    message,
    detail: {
      delegatorId: row.delegatorId,
      delegateId: row.delegateId,
      permission: row.permission.name,
      expiresAt: row.expiresAt?.toISOString() ?? null,
      reason: row.reason,
    },
  });
}

/** Delegations that the caller gave or got; all of them for holders of admin:read. Oldest first. */
export async function listDelegations(
  db: Db,
  caller: Caller,
  page: PageRequest,
  filter: { live?: boolean | undefined } = {},
): Promise<Page<DelegationRecord>> {
  const { userId } = caller.principal;
  const everything = await can(db, caller.principal, 'admin:read', null);
  const where: Prisma.DelegationWhereInput = {
    AND: [
      everything ? {} : { OR: [{ delegatorId: userId }, { delegateId: userId }] },
      filter.live === true
        ? { revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }] }
        : {},
    ],
  };
  const rows = await db.delegation.findMany({
    where: page.after === null ? where : { AND: [where, { id: { gt: page.after } }] },
    include,
    orderBy: { id: 'asc' },
    skip: page.offset,
    take: page.limit + 1,
  });
  return toPage(rows, page, await db.delegation.count({ where }), toDelegationRecord);
}

/** The closed list, for choosing from. */
export function listPermissions(): readonly Permission[] {
  return permissions;
}

function bad(field: string, detail: string, rule: string): DomainError {
  return new DomainError('validation_failed', 'See errors for what was wrong and where.', {
    errors: [{ pointer: `#/${field}`, detail, rule }],
  });
}
