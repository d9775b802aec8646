import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Project, User } from '../../prisma/generated/client.ts';
import { can, visibilityGives } from '../identity/check-access.ts';
import type { Db } from '../shared/db.ts';

export type ProjectWithOwner = Project & { owner: User };

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
  const project = await db.project.findFirst({
    where: { name, owner: { name: owner } },
    include: { owner: true },
  });
  if (project === null || !(await maySeeProject(db, caller, project.id))) throw noSuchProject();
  return project;
}
