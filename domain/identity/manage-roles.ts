import { isPermissionPattern } from '../../contracts/identity/permissions.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { permissionsOfRoles } from './granted-permissions.ts';
import { expandPatterns } from './permission-set.ts';
import { recordChange } from './record-change.ts';
import { requireDirectGrant } from './require-direct-grant.ts';
import { requireHolding } from './require-not-above.ts';
import { roleInclude, toRoleRecord, type RoleRecord, type RoleRow } from './role-record.ts';

export interface RoleInput {
  name: string;
  description?: string | null | undefined;
  permissions: string[];
  inherits?: string[] | undefined;
}

export type RoleUpdate = Partial<RoleInput>;

/** All roles, by name. */
export async function listRoles(db: Db): Promise<RoleRecord[]> {
  const rows = await db.role.findMany({ include: roleInclude, orderBy: { name: 'asc' } });
  return rows.map(toRoleRecord);
}

/** A role by id or name. @throws DomainError `not_found` */
export async function findRole(db: Db, idOrName: string): Promise<RoleRow> {
  const role = await db.role.findFirst({
    where: { OR: [{ id: idOrName }, { name: idOrName }] },
    include: roleInclude,
  });
  if (!role) throw new DomainError('not_found', 'There is no such role.');
  return role;
}

/** Makes a role. Its maker must hold all that it gives. */
export async function createRole(
  db: PrismaClient,
  caller: Caller,
  input: RoleInput,
): Promise<RoleRecord> {
  await requireHoldingContent(db, caller, input);
  return inTransaction(db, async (tx) => {
    if (await tx.role.findUnique({ where: { name: input.name } })) {
      throw new DomainError('already_exists', 'There is a role of this name.');
    }
    const id = newId('role');
    await tx.role.create({
      data: { id, name: input.name, description: input.description ?? null, isSystem: false },
    });
    await setContent(tx, id, input);
    return finish(tx, caller, id, 'role.created');
  });
}

/** Changes a role, effective at once for everybody who has it. System roles keep what they are. */
export async function updateRole(
  db: PrismaClient,
  caller: Caller,
  idOrName: string,
  input: RoleUpdate,
): Promise<RoleRecord> {
  const role = await findRole(db, idOrName);
  if (role.isSystem) throw new DomainError('protected', 'A system role cannot be changed.');
  const before = toRoleRecord(role);
  await requireHoldingContent(db, caller, { ...before, ...input });
  return inTransaction(db, async (tx) => {
    if (input.name !== undefined && input.name !== role.name) {
      if (await tx.role.findUnique({ where: { name: input.name } })) {
        throw new DomainError('already_exists', 'There is a role of this name.');
      }
    }
    await tx.role.update({
      where: { id: role.id },
      data: {
        ...(input.name === undefined ? {} : { name: input.name }),
        ...(input.description === undefined ? {} : { description: input.description }),
      },
    });
    await setContent(tx, role.id, input);
    return finish(tx, caller, role.id, 'role.changed');
  });
}

/** Deletes a role with its bindings; system roles stay. */
export async function deleteRole(
  db: PrismaClient,
  caller: Caller,
  idOrName: string,
): Promise<void> {
  const role = await findRole(db, idOrName);
  if (role.isSystem) throw new DomainError('protected', 'A system role cannot be deleted.');
  await requireHoldingContent(db, caller, toRoleRecord(role));
  await inTransaction(db, async (tx) => {
    await tx.role.delete({ where: { id: role.id } });
    await recordChange(tx, caller, {
      event: 'access.changed',
      action: 'role.deleted',
      resource: 'role',
      resourceId: role.id,
      message: `Role ${role.name} was deleted`,
      detail: { name: role.name },
    });
  });
}

async function requireHoldingContent(
  db: Db,
  caller: Caller,
  input: Partial<Pick<RoleInput, 'permissions' | 'inherits'>>,
): Promise<void> {
  const inherited = await permissionsOfRoles(db, input.inherits ?? []);
  const own = expandPatterns((input.permissions ?? []).filter(isPermissionPattern));
  await requireHolding(db, caller, [...own, ...inherited], null);
  // A role gives to everybody who has it.
  await requireDirectGrant(db, caller, ['admin:manage', ...own, ...inherited], null);
}

async function setContent(
  tx: Prisma.TransactionClient,
  roleId: string,
  { permissions, inherits }: RoleUpdate,
): Promise<void> {
  if (permissions !== undefined) {
    const ids = await permissionIds(tx, permissions);
    await tx.rolePermission.deleteMany({ where: { roleId } });
    await tx.rolePermission.createMany({
      data: ids.map((permissionId) => ({ roleId, permissionId })),
    });
  }
  if (inherits !== undefined) {
    const roles = await tx.role.findMany({ where: { name: { in: inherits } } });
    const missing = inherits.filter((name) => !roles.some((role) => role.name === name));
    if (missing.length > 0) throw unknownNames('inherits', inherits, missing, 'role');
    await tx.roleInheritance.deleteMany({ where: { roleId } });
    await tx.roleInheritance.createMany({
      data: roles.map(({ id }) => ({ roleId, inheritsId: id })),
    });
  }
}

/** Ids of permissions by name. A pattern over known permissions gets its row when it is first used. */
export async function permissionIds(
  tx: Prisma.TransactionClient,
  names: readonly string[],
): Promise<string[]> {
  const wanted = [...new Set(names)];
  const bad = wanted.filter(
    (name) => !isPermissionPattern(name) || expandPatterns([name]).size === 0,
  );
  if (bad.length > 0) throw unknownNames('permissions', names, bad, 'permission');
  await tx.permission.createMany({
    skipDuplicates: true,
    data: wanted.map((name) => {
      const [resource = '', action = ''] = name.split(':');
      return { id: newId('permission'), name, resource, action };
    }),
  });
  const rows = await tx.permission.findMany({ where: { name: { in: wanted } } });
  return rows.map((row) => row.id);
}

function unknownNames(
  field: string,
  all: readonly string[],
  bad: readonly string[],
  rule: string,
): DomainError {
  return new DomainError('validation_failed', 'See errors for what was wrong and where.', {
    errors: bad.map((name) => ({
      pointer: `#/${field}/${all.indexOf(name)}`,
      detail: `There is no such ${rule}`,
      rule,
    })),
  });
}

async function finish(
  tx: Prisma.TransactionClient,
  caller: Caller,
  id: string,
  action: string,
): Promise<RoleRecord> {
  const record = toRoleRecord(await findRole(tx, id));
  await recordChange(tx, caller, {
    event: 'access.changed',
    action,
    resource: 'role',
    resourceId: id,
    message: `Role ${record.name} was ${action === 'role.created' ? 'made' : 'changed'}`,
    detail: { ...record },
  });
  return record;
}
