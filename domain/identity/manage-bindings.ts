import type { Permission } from '../../contracts/identity/permissions.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { newId } from '../shared/new-id.ts';
import { hasText } from '../shared/text-match.ts';
import type { Page, PageRequest } from '../shared/page.ts';
import { toPage } from '../shared/page.ts';
import { inTransaction } from '../shared/tx.ts';
import { can, requireAny } from './check-access.ts';
import { findAccount, findUser } from './find-user.ts';
import { permissionsOfRoles } from './granted-permissions.ts';
import { findRole } from './manage-roles.ts';
import { requireActiveAdmin } from './manage-users.ts';
import { recordChange } from './record-change.ts';
import { requireAccount } from './require-account.ts';
import { requireDirectGrant } from './require-direct-grant.ts';
import { requireHolding } from './require-not-above.ts';

export interface BindingRecord {
  id: string;
  userId: string;
  userName: string;
  role: string;
  /** null: everywhere */
  projectId: string | null;
  /** `owner/name` of the project */
  projectPath: string | null;
  grantedBy: string | null;
  createdAt: string;
}

export interface BindingInput {
  /** id or name */
  user: string;
  role: string;
  projectId?: string | null | undefined;
}

const include = {
  user: true,
  role: true,
  project: { select: { name: true, owner: { select: { name: true } } } },
} as const satisfies Prisma.UserRoleInclude;

function toBindingRecord(
  row: Prisma.UserRoleGetPayload<{ include: typeof include }>,
): BindingRecord {
  return {
    id: row.id,
    userId: row.userId,
    userName: row.user.name,
    role: row.role.name,
    projectId: row.projectId,
    projectPath: row.project === null ? null : `${row.project.owner.name}/${row.project.name}`,
    grantedBy: row.grantedBy,
    createdAt: row.createdAt.toISOString(),
  };
}

function bindersOf(projectId: string | null): readonly Permission[] {
  return [
    ...(projectId === null ? [] : ['project:delegate' as const]),
    'admin:manage',
    'admin:users',
  ];
}

/** Global bindings are for admins, those of a project for whoever may hand it on; nobody gives what they lack. */
async function requireMayBind(
  db: Db,
  caller: Caller,
  role: string,
  projectId: string | null,
): Promise<void> {
  await requireAny(db, caller, bindersOf(projectId), projectId);
  await requireHolding(db, caller, await permissionsOfRoles(db, [role]), projectId);
}

/** Gives a user a role, everywhere or on one project. @throws DomainError `already_exists` for a second one alike */
export async function createBinding(
  db: PrismaClient,
  caller: Caller,
  input: BindingInput,
): Promise<BindingRecord> {
  const projectId = input.projectId ?? null;
  // Access to the project is asked before whether the user or role exists, so that nothing is told of a hidden one.
  await requireAny(db, caller, bindersOf(projectId), projectId);
  const role = await findRole(db, input.role);
  const user = await findAccount(db, input.user);
  await requireMayBind(db, caller, role.name, projectId);
  await requireDirectGrant(db, caller, bindersOf(projectId), projectId, 'any');
  await requireDirectGrant(db, caller, await permissionsOfRoles(db, [role.name]), projectId);
  return inTransaction(db, async (tx) => {
    const grantor = await tx.user.findUnique({ where: { id: caller.principal.userId } });
    const alike = { userId: user.id, roleId: role.id, projectId };
    if (await tx.userRole.findFirst({ where: alike })) {
      throw new DomainError(
        'already_exists',
        `${user.name} has the role ${role.name} there already.`,
      );
    }
    const row = await tx.userRole.create({
      data: { id: newId('binding'), ...alike, grantedBy: grantor?.id ?? null },
      include,
    });
    await recordChange(tx, caller, {
      event: 'access.changed',
      action: 'role_binding.created',
      resource: 'role_binding',
      resourceId: row.id,
      projectId,
      message: `${user.name} got the role ${role.name}`,
      detail: { userId: user.id, role: role.name },
    });
    return toBindingRecord(row);
  });
}

/** Takes a role from a user, effective on their next request. */
export async function deleteBinding(db: PrismaClient, caller: Caller, id: string): Promise<void> {
  const missing = new DomainError('not_found', 'There is no such role binding.');
  const row = await db.userRole.findUnique({ where: { id }, include });
  if (!row || !(await maySee(db, caller, row))) throw missing;
  await requireMayBind(db, caller, row.role.name, row.projectId);
  await inTransaction(db, async (tx) => {
    const { count } = await tx.userRole.deleteMany({ where: { id } });
    if (count === 0) throw missing;
    if (row.role.name === 'admin') await requireActiveAdmin(tx);
    await recordChange(tx, caller, {
      event: 'access.changed',
      action: 'role_binding.deleted',
      resource: 'role_binding',
      resourceId: id,
      projectId: row.projectId,
      message: `${row.user.name} lost the role ${row.role.name}`,
      detail: { userId: row.userId, role: row.role.name },
    });
  });
}

async function maySee(
  db: Db,
  caller: Caller,
  row: { userId: string; projectId: string | null },
): Promise<boolean> {
  return (
    row.userId === caller.principal.userId ||
    (await can(db, caller.principal, 'admin:read', null)) ||
    (row.projectId !== null && (await can(db, caller.principal, 'project:read', row.projectId)))
  );
}

export interface BindingFilter {
  /** words, each a part of the user, the role or the project */
  q?: string | undefined;
  user?: string | undefined;
  projectId?: string | undefined;
}

function matchesWord(word: string): Prisma.UserRoleWhereInput {
  const text = hasText(word);
  const [owner = '', name] = word.split('/', 2);
  return {
    OR: [
      { user: { name: text } },
      { role: { name: text } },
      { project: { OR: [{ name: text }, { owner: { name: text } }] } },
      ...(name === undefined
        ? []
        : [{ project: { name: hasText(name), owner: { name: hasText(owner) } } }]),
      ...('everywhere'.includes(word.toLowerCase()) ? [{ projectId: null }] : []),
    ],
  };
}

function wordsOf(q: string | undefined): Prisma.UserRoleWhereInput[] {
  return (q ?? '').split(/\s+/u).filter(Boolean).slice(0, 10).map(matchesWord);
}

/** Bindings, oldest first: all for holders of admin:read, those of one project for its readers, else one's own. */
export async function listBindings(
  db: Db,
  caller: Caller,
  page: PageRequest,
  filter: BindingFilter = {},
): Promise<Page<BindingRecord>> {
  const user = filter.user === undefined ? null : await findUser(db, filter.user);
  const everything = await can(db, caller.principal, 'admin:read', filter.projectId ?? null);
  const ofProject =
    filter.projectId !== undefined &&
    (await can(db, caller.principal, 'project:read', filter.projectId));
  // Where somebody has roles is the person's own business: a limited token is not told.
  if (!everything && !ofProject) requireAccount(caller);
  const where: Prisma.UserRoleWhereInput = {
    AND: [
      user === null ? {} : { userId: user.id },
      filter.projectId === undefined ? {} : { projectId: filter.projectId },
      everything || ofProject ? {} : { userId: caller.principal.userId },
      ...wordsOf(filter.q),
    ],
  };
  const rows = await db.userRole.findMany({
    where: page.after === null ? where : { AND: [where, { id: { gt: page.after } }] },
    include,
    orderBy: { id: 'asc' },
    skip: page.offset,
    take: page.limit + 1,
  });
  return toPage(rows, page, await db.userRole.count({ where }), toBindingRecord);
}
