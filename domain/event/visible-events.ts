import { permissionsBesideSight } from '../../contracts/event/event-permission.ts';
import { eventTypes } from '../../contracts/event/types.ts';
import type { Permission } from '../../contracts/identity/permissions.ts';
import type { Principal } from '../../contracts/identity/principal.ts';
import { can } from '../identity/check-access.ts';
import { readableProjectIds } from '../project/readable-projects.ts';
import type { Db } from '../shared/db.ts';

/** What of the past somebody may read, as a question to the database. */
export interface VisibleEvents {
  /** projects whose events are seen */
  projectIds: readonly string[];
  /** types that are seen only of the projects named beside them */
  limited: readonly { types: readonly string[]; projectIds: readonly string[] }[];
  /** also those of no project */
  withGlobal: boolean;
}

/** Types by what they need beside the sight of their project. */
function limitedTypes(): Map<string, { types: string[]; needs: readonly Permission[] }> {
  const groups = new Map<string, { types: string[]; needs: readonly Permission[] }>();
  for (const type of eventTypes) {
    const needs = permissionsBesideSight(type);
    if (needs.length === 0) continue;
    const key = needs.join(' ');
    const group = groups.get(key) ?? { types: [], needs };
    group.types.push(type);
    groups.set(key, group);
  }
  return groups;
}

/** The same rule as that of streams (`EventAccess`), for many events at once. */
export async function visibleEvents(db: Db, principal: Principal): Promise<VisibleEvents> {
  const projectIds = await readableProjectIds(db, principal);
  const readable = new Map<Permission, ReadonlySet<string>>();
  const limited = [];
  for (const { types, needs } of limitedTypes().values()) {
    for (const permission of needs) {
      if (readable.has(permission)) continue;
      readable.set(permission, new Set(await readableProjectIds(db, principal, permission)));
    }
    const allowed = (id: string) => needs.every((need) => readable.get(need)?.has(id) === true);
    limited.push({ types, projectIds: projectIds.filter(allowed) });
  }
  return { projectIds, limited, withGlobal: await can(db, principal, 'admin:read', null) };
}
