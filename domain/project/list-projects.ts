import type { Caller } from '../../contracts/identity/principal.ts';
import { isSignedIn } from '../../contracts/identity/principal.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { columnHasText } from '../shared/text-match.ts';
import { maySee, type ProjectWithOwner } from './find-project.ts';
import { toProjectRecord, type ProjectRecord } from './project-record.ts';
import { readProjects } from './project-rows.ts';
import { can } from '../identity/check-access.ts';

export interface ListProjectsOptions {
  /** part of the name, the display name or the owner's name */
  q?: string | undefined;
  /** only those that the caller owns or has a role on */
  mine?: boolean | undefined;
  /** id of the last project of the page before; newest come first */
  after?: string | undefined;
  limit: number;
}

function boundTo(userId: string): Prisma.Sql {
  return Prisma.sql`(p.owner_id = ${userId}
    OR EXISTS (SELECT FROM user_roles r WHERE r.project_id = p.id AND r.user_id = ${userId})
    OR EXISTS (SELECT FROM delegations d
                WHERE d.project_id = p.id AND d.delegate_id = ${userId} AND d.revoked_at IS NULL))`;
}

/** What could be visible at all; unless it is everything, each row is then asked again: this need only be wide enough. */
async function candidates(db: Db, { principal }: Caller): Promise<Prisma.Sql | 'all'> {
  if (!isSignedIn(principal)) return Prisma.sql`p.visibility = 'public'`;
  if (principal.projectId !== null) {
    return Prisma.sql`(p.id = ${principal.projectId} OR p.visibility = 'public')`;
  }
  // what is held everywhere is held on every project
  if (await can(db, principal, 'project:read', null)) return 'all';
  return Prisma.sql`(p.visibility IN ('public', 'internal') OR ${boundTo(principal.userId)})`;
}

function matching(q: string): Prisma.Sql {
  const columns = [Prisma.sql`p.name`, Prisma.sql`p.display_name`, Prisma.sql`o.name`];
  const places = columns.map((column) => columnHasText(column, q));
  return Prisma.sql`(${Prisma.join(places, ' OR ')})`;
}

/** Projects that the caller may see, newest first. `next` is the `after` of the next page, null on the last. */
export async function listProjects(
  db: Db,
  caller: Caller,
  options: ListProjectsOptions,
): Promise<{ projects: ProjectRecord[]; next: string | null }> {
  const { q = '', mine, limit } = options;
  const wide = await candidates(db, caller);
  const conditions = wide === 'all' ? [Prisma.sql`true`] : [wide];
  if (mine === true) conditions.push(boundTo(caller.principal.userId));
  if (q !== '') conditions.push(matching(q));
  const visible: ProjectWithOwner[] = [];
  let { after } = options;
  for (;;) {
    const behind = after === undefined ? [] : [Prisma.sql`p.id < ${after}`];
    const where = Prisma.join([...conditions, ...behind], ' AND ');
    const rows = await readProjects(db, Prisma.sql`${where} ORDER BY p.id DESC LIMIT ${limit + 1}`);
    for (const row of rows) {
      if (wide === 'all' || (await maySee(db, caller, row))) visible.push(row);
    }
    after = rows.at(-1)?.id;
    if (rows.length <= limit || visible.length > limit) break;
  }
  const page = visible.slice(0, limit);
  const next = visible.length > limit ? (page.at(-1)?.id ?? null) : null;
  return { projects: page.map(toProjectRecord), next };
}
