import { DomainError } from '../../contracts/problems.ts';
import { grantedPermissions } from '../identity/granted-permissions.ts';
import { normalizeName } from '../identity/names.ts';
import type { Db } from '../shared/db.ts';

/** The same for both: whoever may not list the accounts does not learn here which there are. */
function refusal(): DomainError {
  const detail = 'There is no such user, or they may not see the project.';
  return new DomainError('unprocessable', detail, {
    errors: [{ pointer: '#/assignee', detail }],
  });
}

/**
 * The id of whoever shall be given work on a project.
 * @param assignee id or name; nothing gives null
 * @throws DomainError `unprocessable` when there is no such active user, or they may not see the project
 */
export async function checkAssignee(
  db: Db,
  projectId: string,
  assignee: string | null | undefined,
): Promise<string | null> {
  if (assignee === null || assignee === undefined) return null;
  const user = await db.user.findFirst({
    where: { OR: [{ id: assignee }, { name: normalizeName(assignee) }], isActive: true },
  });
  if (user === null) throw refusal();
  const project = await db.project.findUniqueOrThrow({ where: { id: projectId } });
  if (project.visibility !== 'private') return user.id;
  const { permissions } = await grantedPermissions(db, user.id, projectId);
  if (!permissions.has('project:read')) throw refusal();
  return user.id;
}
