import type { Caller } from '../../contracts/identity/principal.ts';
import { isSignedIn } from '../../contracts/identity/principal.ts';
import type { Prisma } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { hasText } from '../shared/text-match.ts';
import { maySeeProject, type ProjectWithOwner } from './find-project.ts';
import { toProjectRecord, type ProjectRecord } from './project-record.ts';
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

function boundTo(userId: string): Prisma.ProjectWhereInput[] {
  return [
    { ownerId: userId },
    { roleBindings: { some: { userId } } },
    { delegations: { some: { delegateId: userId, revokedAt: null } } },
  ];
}

/** What could be visible at all; each row is then asked again, so that this need only be wide enough. */
async function candidates(db: Db, caller: Caller): Promise<Prisma.ProjectWhereInput> {
  const { principal } = caller;
  if (!isSignedIn(principal)) return { visibility: 'public' };
  if (principal.projectId !== null) {
    return { OR: [{ id: principal.projectId }, { visibility: 'public' }] };
  }
  if (await can(db, principal, 'project:read', null)) return {};
  return { OR: [{ visibility: { in: ['public', 'internal'] } }, ...boundTo(principal.userId)] };
}

function matching(q: string): Prisma.ProjectWhereInput {
  const contains = hasText(q);
  return { OR: [{ name: contains }, { displayName: contains }, { owner: { name: contains } }] };
}

/** Projects that the caller may see, newest first. `next` is the `after` of the next page, null on the last. */
export async function listProjects(
  db: Db,
  caller: Caller,
  options: ListProjectsOptions,
): Promise<{ projects: ProjectRecord[]; next: string | null }> {
  const conditions = [await candidates(db, caller)];
  if (options.mine === true) conditions.push({ OR: boundTo(caller.principal.userId) });
  if (options.q !== undefined && options.q !== '') conditions.push(matching(options.q));
  const visible: ProjectWithOwner[] = [];
  let after = options.after;
  for (;;) {
    const rows = await db.project.findMany({
      where: { AND: after === undefined ? conditions : [...conditions, { id: { lt: after } }] },
      include: { owner: true },
      orderBy: { id: 'desc' },
      take: options.limit + 1,
    });
    for (const row of rows) if (await maySeeProject(db, caller, row.id)) visible.push(row);
    after = rows.at(-1)?.id;
    if (rows.length <= options.limit || visible.length > options.limit) break;
  }
  const page = visible.slice(0, options.limit);
  const next = visible.length > options.limit ? (page.at(-1)?.id ?? null) : null;
  return { projects: page.map(toProjectRecord), next };
}
