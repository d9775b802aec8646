import {
  isOfProjects,
  isOperating,
  permissions,
  type Permission,
} from '../../contracts/identity/permissions.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Prisma, PrismaClient, User } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { newId } from '../shared/new-id.ts';
import type { Page, PageRequest } from '../shared/page.ts';
import { toPage } from '../shared/page.ts';
import { inTransaction } from '../shared/tx.ts';
import { can, requirePermission } from './check-access.ts';
import { findAccount } from './find-user.ts';
import { permissionsByRole } from './granted-permissions.ts';
import { permissionIds } from './manage-roles.ts';
import { recordChange } from './record-change.ts';
import { requireAccount } from './require-account.ts';
import { requireDirectGrant } from './require-direct-grant.ts';

export interface DelegationRecord {
  id: string;
  delegatorId: string;
  delegatorName: string;
  delegateId: string;
  delegateName: string;
  permission: string;
  projectId: string | null;
  /** `owner/name` of the project */
  projectPath: string | null;
  expiresAt: string | null;
  reason: string | null;
  createdAt: string;
  revokedAt: string | null;
  /** who took it back; null while it is in force, and when it ran out */
  revokedBy: string | null;
  revokedByName: string | null;
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
  revoker: true,
  project: { select: { name: true, owner: { select: { name: true } } } },
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
    projectPath: row.project === null ? null : `${row.project.owner.name}/${row.project.name}`,
    expiresAt: row.expiresAt?.toISOString() ?? null,
    reason: row.reason,
    createdAt: row.createdAt.toISOString(),
    revokedAt: row.revokedAt?.toISOString() ?? null,
    revokedBy: row.revokedBy,
    revokedByName: row.revoker?.name ?? null,
  };
}

/** Throws unless the caller, a person, holds it now by a direct grant: what was delegated is not delegated again. */
async function requireDelegable(
  db: Db,
  caller: Caller,
  permission: Permission,
  projectId: string | null,
): Promise<void> {
  requireAccount(caller);
  if (projectId !== null) await requirePermission(db, caller, permission, projectId);
  await requireDirectGrant(db, caller, [permission], projectId);
}

/**
 * What projects give is delegated by those who decide who comes in there: holders of `project:delegate`. Besides them
 * an operator, by a role that holds everywhere, lets agents run and watch deployments (A-RBAC-12).
 */
async function requireMayLetIn(
  db: Db,
  { principal }: Caller,
  delegate: User,
  permission: Permission,
  projectId: string | null,
): Promise<void> {
  if (!isOfProjects(permission)) return;
  const here = await permissionsByRole(db, principal.userId, projectId);
  if (here.has('project:delegate')) return;
  if (isOperating(permission) && delegate.kind === 'agent') {
    const everywhere = await permissionsByRole(db, principal.userId, null);
    if (everywhere.has(permission)) return;
  }
  throw new DomainError(
    'forbidden',
    projectId === null
      ? `To delegate ${permission} everywhere you need project:delegate everywhere.`
      : `To delegate ${permission} of this project you need project:delegate there, as its owner and maintainers have it.`,
  );
}

/**
 * Delegates one permission to a user or agent. It counts while the delegator holds it, until it expires or is revoked.
 * @throws DomainError `forbidden` without the permission, or without project:delegate for one of a project; `already_exists` for a live one alike
 */
export async function createDelegation(
  db: PrismaClient,
  caller: Caller,
  input: DelegationInput,
): Promise<DelegationRecord> {
  const projectId = input.projectId ?? null;
  await requireDelegable(db, caller, input.permission, projectId);
  const delegate = await findAccount(db, input.delegate);
  await requireMayLetIn(db, caller, delegate, input.permission, projectId);
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

/** Takes a delegation back at once: by who gave it, by who got it, or by holders of admin:delegate or project:delegate there. */
export async function revokeDelegation(
  db: PrismaClient,
  caller: Caller,
  id: string,
): Promise<void> {
  requireAccount(caller);
  const row = await db.delegation.findUnique({ where: { id }, include });
  const { principal } = caller;
  const mayRevoke =
    row !== null &&
    ([row.delegatorId, row.delegateId].includes(principal.userId) ||
      (await can(db, principal, 'admin:delegate', row.projectId)) ||
      (row.projectId !== null && (await can(db, principal, 'project:delegate', row.projectId))));
  if (!mayRevoke) throw new DomainError('not_found', 'There is no such delegation.');
  await revoke(db, caller, row);
}

/** Takes back a delegation of this very project, whoever made it. The route asked for project:delegate. */
export async function revokeProjectDelegation(
  db: PrismaClient,
  caller: Caller,
  projectId: string,
  id: string,
): Promise<void> {
  const row = await db.delegation.findFirst({ where: { id, projectId }, include });
  if (row === null) throw new DomainError('not_found', 'This project has no such delegation.');
  await revoke(db, caller, row);
}

async function revoke(db: PrismaClient, caller: Caller, row: Row): Promise<void> {
  const { id } = row;
  await inTransaction(db, async (tx) => {
    const revoker = await tx.user.findUnique({ where: { id: caller.principal.userId } });
    const { count } = await tx.delegation.updateMany({
      where: { id, revokedAt: null },
      data: { revokedAt: new Date(), revokedBy: revoker?.id ?? null },
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
  requireAccount(caller);
  const { userId } = caller.principal;
  const everything = await can(db, caller.principal, 'admin:read', null);
  const whose = everything ? {} : { OR: [{ delegatorId: userId }, { delegateId: userId }] };
  return await pageOfDelegations(db, page, whose, filter);
}

/** All delegations of one project, whoever made them; oldest first. The route asked for project:delegate. */
export async function listProjectDelegations(
  db: Db,
  projectId: string,
  page: PageRequest,
  filter: { live?: boolean | undefined } = {},
): Promise<Page<DelegationRecord>> {
  return await pageOfDelegations(db, page, { projectId }, filter);
}

async function pageOfDelegations(
  db: Db,
  page: PageRequest,
  whose: Prisma.DelegationWhereInput,
  filter: { live?: boolean | undefined },
): Promise<Page<DelegationRecord>> {
  const inForce = { revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }] };
  const where = { AND: [whose, filter.live === true ? inForce : {}] };
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
