import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import { can, isGivenBy, visibilityGives } from '../identity/check-access.ts';
import type { Db } from '../shared/db.ts';
import { readProjects, type ProjectWithOwner } from './project-rows.ts';

export type { ProjectWithOwner } from './project-rows.ts';

/** The one sentence for a project that is not there and for one that may not be seen, so that they look the same. */
export function noSuchProject(): DomainError {
  return new DomainError('not_found', 'There is no such project, or you may not see it.');
}

/**
 * True when the caller may see the project: private ones need project:read, internal ones any sign-in,
 * public ones nothing.
 */
export async function maySeeProject(db: Db, caller: Caller, projectId: string): Promise<boolean> {
  return (
    (await can(db, caller.principal, 'project:read', projectId)) ||
    (await visibilityGives(db, caller.principal, 'project:read', projectId))
  );
}

/** The same of a project that was read already: nothing is asked for its visibility. */
export async function maySee(
  db: Db,
  { principal }: Caller,
  { id, visibility }: Pick<ProjectWithOwner, 'id' | 'visibility'>,
): Promise<boolean> {
  const isGiven = isGivenBy(visibility, principal, 'project:read');
  return isGiven || (await can(db, principal, 'project:read', id));
}

/**
 * The project at `owner/name`, with its owner.
 * @throws DomainError `not_found` when there is none or the caller may not see it
 */
export async function findProject(
  db: Db,
  caller: Caller,
  owner: string,
  name: string,
): Promise<ProjectWithOwner> {
  const [project] = await readProjects(db, Prisma.sql`o.name = ${owner} AND p.name = ${name}`);
  if (project === undefined || !(await maySee(db, caller, project))) throw noSuchProject();
  return project;
}
