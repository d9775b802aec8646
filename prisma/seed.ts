import { permissions, seededRoles, type SystemRole } from '../contracts/identity/permissions.ts';
import { newId } from '../domain/shared/new-id.ts';
import type { Prisma, PrismaClient } from './generated/client.ts';

/** Two processes that start at once must not both find a role missing. */
const seedLock = 5_215_001;

async function seedPermissions(tx: Prisma.TransactionClient): Promise<Map<string, string>> {
  const names = new Set<string>([...permissions, ...seededRoles.flatMap((r) => r.permissions)]);
  const known = await tx.permission.findMany({ select: { id: true, name: true } });
  const ids = new Map(known.map(({ name, id }) => [name, id]));
  const missing = [...names].filter((name) => !ids.has(name));
  const rows = missing.map((name) => {
    const [resource = '', action = ''] = name.split(':');
    return { id: newId('permission'), name, resource, action };
  });
  if (rows.length > 0) await tx.permission.createMany({ data: rows });
  for (const { name, id } of rows) ids.set(name, id);
  return ids;
}

function idOf(ids: ReadonlyMap<string, string>, name: string): string {
  const id = ids.get(name);
  if (id === undefined) throw new Error(`the seed names ${name}, which is not there`);
  return id;
}

async function fillRole(
  tx: Prisma.TransactionClient,
  roleId: string,
  role: SystemRole,
  permissionIds: ReadonlyMap<string, string>,
): Promise<void> {
  const wanted = new Set(role.permissions.map((name) => idOf(permissionIds, name)));
  const held = await tx.rolePermission.findMany({ where: { roleId } });
  const extra = held.map((h) => h.permissionId).filter((id) => !wanted.has(id));
  for (const { permissionId } of held) wanted.delete(permissionId);
  const data = [...wanted].map((permissionId) => ({ roleId, permissionId }));
  if (data.length > 0) await tx.rolePermission.createMany({ data });
  if (extra.length > 0) {
    await tx.rolePermission.deleteMany({ where: { roleId, permissionId: { in: extra } } });
  }
}

async function seedRoles(
  tx: Prisma.TransactionClient,
  permissionIds: ReadonlyMap<string, string>,
): Promise<void> {
  const known = await tx.role.findMany({ select: { id: true, name: true } });
  const ids = new Map(known.map(({ name, id }) => [name, id]));
  const fresh: SystemRole[] = [];
  for (const role of seededRoles) {
    const { name, description, isSystem } = role;
    const existing = ids.get(name);
    const id = existing ?? newId('role');
    if (existing === undefined) {
      await tx.role.create({ data: { id, name, description, isSystem } });
      ids.set(name, id);
      fresh.push(role);
    }
    // The system's own roles are what this build says; the others belong to the admin once they exist.
    if (isSystem || existing === undefined) await fillRole(tx, id, role, permissionIds);
  }
  const inheritances = fresh.flatMap(({ name, inherits }) =>
    inherits.map((other) => ({ roleId: idOf(ids, name), inheritsId: idOf(ids, other) })),
  );
  if (inheritances.length > 0) await tx.roleInheritance.createMany({ data: inheritances });
}

/**
 * The permissions and roles that every installation has. Repeating it changes nothing, not even the access epoch;
 * a newer build adds what is new.
 */
export async function seedAccess(db: PrismaClient): Promise<void> {
  await db.$transaction(
    async (tx) => {
      await tx.$executeRaw`SELECT pg_advisory_xact_lock(${seedLock})`;
      await seedRoles(tx, await seedPermissions(tx));
    },
    // It runs once per start: a machine that is busy starting everything else has time for it.
    { timeout: 60_000, maxWait: 30_000 },
  );
}
