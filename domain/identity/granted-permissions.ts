import type { Permission } from '../../contracts/identity/permissions.ts';
import type { Db } from '../shared/db.ts';
import { expandPatterns, withInherited } from './permission-set.ts';

/** What a user holds, and until when that is sure: the next moment at which a delegation in it ends by itself. */
export interface Granted {
  permissions: ReadonlySet<Permission>;
  validUntil: Date | null;
}

interface Roles {
  /** patterns of each role by its id, without what it inherits */
  patterns: ReadonlyMap<string, readonly string[]>;
  inherits: ReadonlyMap<string, readonly string[]>;
  idOf: ReadonlyMap<string, string>;
}

async function loadRoles(db: Db): Promise<Roles> {
  const roles = await db.role.findMany({
    select: {
      id: true,
      name: true,
      permissions: { select: { permission: { select: { name: true } } } },
      inherits: { select: { inheritsId: true } },
    },
  });
  return {
    patterns: new Map(roles.map((r) => [r.id, r.permissions.map((p) => p.permission.name)])),
    inherits: new Map(roles.map((r) => [r.id, r.inherits.map((i) => i.inheritsId)])),
    idOf: new Map(roles.map((r) => [r.name, r.id])),
  };
}

function patternsOf(roles: Roles, roleIds: Iterable<string>): string[] {
  return [...withInherited(roleIds, roles.inherits)].flatMap((id) => roles.patterns.get(id) ?? []);
}

/** One question about one moment: loads each user at most once, and follows delegations back to where they come from. */
class Inquiry {
  private readonly db: Db;
  private readonly roles: Roles;
  private readonly memo = new Map<string, Promise<Granted>>();

  constructor(db: Db, roles: Roles) {
    this.db = db;
    this.roles = roles;
  }

  /** Roles and delegations of one user on a project (null: what is held everywhere). */
  granted(
    userId: string,
    projectId: string | null,
    path: readonly string[] = [],
  ): Promise<Granted> {
    // What was found while an ancestor was still open may miss what that ancestor gives: it is not kept.
    if (path.length > 0) return this.load(userId, projectId, path);
    const key = `${userId} ${projectId ?? ''}`;
    const known = this.memo.get(key);
    if (known) return known;
    const loading = this.load(userId, projectId, path);
    this.memo.set(key, loading);
    return loading;
  }

  private async load(
    userId: string,
    projectId: string | null,
    path: readonly string[],
  ): Promise<Granted> {
    const onProject =
      projectId === null ? [{ projectId: null }] : [{ projectId: null }, { projectId }];
    const user = await this.db.user.findUnique({
      where: { id: userId },
      select: {
        isActive: true,
        roles: { where: { OR: onProject }, select: { roleId: true } },
        delegations: {
          where: {
            revokedAt: null,
            AND: [
              { OR: onProject },
              { OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }] },
            ],
          },
          select: {
            delegatorId: true,
            projectId: true,
            expiresAt: true,
            permission: { select: { name: true } },
          },
        },
      },
    });
    if (!user?.isActive) return { permissions: new Set(), validUntil: null };
    const patterns = patternsOf(
      this.roles,
      user.roles.map((binding) => binding.roleId),
    );
    let validUntil: Date | null = null;
    for (const delegation of user.delegations) {
      const until = await this.delegationHolds(delegation, [...path, userId]);
      if (until === false) continue;
      patterns.push(delegation.permission.name);
      for (const end of [delegation.expiresAt, until]) {
        if (end !== null && (validUntil === null || end < validUntil)) validUntil = end;
      }
    }
    return { permissions: expandPatterns(patterns), validUntil };
  }

  /**
   * False when the delegator does not hold (any more) what was delegated; else when that may change by itself.
   * A user on the path is skipped: nobody holds a permission because somebody got it from them.
   */
  private async delegationHolds(
    delegation: { delegatorId: string; projectId: string | null; permission: { name: string } },
    path: readonly string[],
  ): Promise<Date | null | false> {
    if (path.includes(delegation.delegatorId) || path.length > 16) return false;
    const held = await this.granted(delegation.delegatorId, delegation.projectId, path);
    const needed = expandPatterns([delegation.permission.name]);
    return [...needed].every((permission) => held.permissions.has(permission))
      ? held.validUntil
      : false;
  }
}

/**
 * global roles ∪ project roles ∪ live delegations, with inheritance, wildcards and implied permissions. A delegation
 * counts while its delegator holds what it delegates (design section 9), asked at this moment along the whole chain.
 */
export async function grantedPermissions(
  db: Db,
  userId: string,
  projectId: string | null,
): Promise<Granted> {
  return new Inquiry(db, await loadRoles(db)).granted(userId, projectId);
}

/** The same everywhere (key null) and on every project where a role or a live delegation gives the user something. */
export async function grantedByPlace(
  db: Db,
  userId: string,
): Promise<Map<string | null, ReadonlySet<Permission>>> {
  const rows = [
    ...(await db.userRole.findMany({ where: { userId }, select: { projectId: true } })),
    ...(await db.delegation.findMany({
      where: { delegateId: userId, revokedAt: null },
      select: { projectId: true },
    })),
  ];
  const inquiry = new Inquiry(db, await loadRoles(db));
  const places = new Set([null, ...rows.map(({ projectId }) => projectId)]);
  const granted = new Map<string | null, ReadonlySet<Permission>>();
  for (const place of places)
    granted.set(place, (await inquiry.granted(userId, place)).permissions);
  return granted;
}

/** What roles alone give a user on a project (null: everywhere), without anything that was delegated to them. */
export async function permissionsByRole(
  db: Db,
  userId: string,
  projectId: string | null,
): Promise<Set<Permission>> {
  const at = projectId === null ? [{ projectId: null }] : [{ projectId: null }, { projectId }];
  const bindings = await db.userRole.findMany({
    where: { userId, user: { isActive: true }, OR: at },
    select: { roleId: true },
  });
  const roles = await loadRoles(db);
  return expandPatterns(
    patternsOf(
      roles,
      bindings.map((binding) => binding.roleId),
    ),
  );
}

/** Patterns of roles by name, with what they inherit: what a JWT's roles claim is worth. Unknown names are worth nothing. */
export async function permissionsOfRoles(
  db: Db,
  names: readonly string[],
): Promise<Set<Permission>> {
  const roles = await loadRoles(db);
  const ids = names.map((name) => roles.idOf.get(name)).filter((id) => id !== undefined);
  return expandPatterns(patternsOf(roles, ids));
}

/** Ids of the roles that give a permission, by themselves or by what they inherit. */
export async function roleIdsGranting(db: Db, permission: Permission): Promise<string[]> {
  const roles = await loadRoles(db);
  return [...roles.patterns.keys()].filter((id) =>
    expandPatterns(patternsOf(roles, [id])).has(permission),
  );
}
