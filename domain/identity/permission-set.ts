import {
  impliedPermissions,
  permissionCovers,
  type Permission,
  permissions,
} from '../../contracts/identity/permissions.ts';

/**
 * The permissions of the closed list that some patterns grant (`*:read`, `users:*`, `project:write`), with what each
 * one implies.
 */
export function expandPatterns(patterns: Iterable<string>): Set<Permission> {
  const given = [...patterns];
  const held = new Set<Permission>();
  const add = (permission: Permission) => {
    if (held.has(permission)) return;
    held.add(permission);
    for (const implied of impliedPermissions[permission] ?? []) add(implied);
  };
  for (const permission of permissions) {
    if (given.some((pattern) => permissionCovers(pattern, permission))) add(permission);
  }
  return held;
}

/** What is in both sets. */
export function intersect<T>(left: ReadonlySet<T>, right: ReadonlySet<T>): Set<T> {
  return new Set([...left].filter((item) => right.has(item)));
}

/** The role itself and all that it inherits from, directly or not. A cycle ends: no role is visited twice. */
export function withInherited(
  roleIds: Iterable<string>,
  inherits: ReadonlyMap<string, readonly string[]>,
): Set<string> {
  const found = new Set<string>();
  const queue = [...roleIds];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    if (found.has(at)) continue;
    found.add(at);
    queue.push(...(inherits.get(at) ?? []));
  }
  return found;
}
