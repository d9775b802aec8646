import type { GitStore } from '../../contracts/git/store.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { publishEvent } from '../event/publish-event.ts';
import { requirePermission } from '../identity/check-access.ts';
import { inTransaction } from '../shared/tx.ts';
import type { ProjectWithOwner } from './find-project.ts';

/**
 * Deletes a project with all that hangs on it; its audit rows and events stay.
 * The repository goes after the rows: a crash between leaves a directory that no row names, which is swept when
 * a project of that name is made again.
 */
export async function deleteProject(
  db: PrismaClient,
  git: Pick<GitStore, 'remove'>,
  caller: Caller,
  project: ProjectWithOwner,
): Promise<void> {
  await requirePermission(db, caller, 'project:delete', project.id);
  const fullName = `${project.owner.name}/${project.name}`;
  await inTransaction(db, async (tx) => {
    await publishEvent(tx, {
      type: 'project.deleted',
      projectId: project.id,
      actorId: caller.principal.userId,
      subjectId: project.id,
      message: `${caller.principal.userName} deleted ${fullName}`,
      payload: { name: project.name, owner: project.owner.name },
      traceparent: caller.request.traceparent,
    });
    await writeAudit(tx, caller, {
      action: 'project.deleted',
      resource: 'project',
      resourceId: project.id,
      projectId: project.id,
      detail: { name: fullName },
    });
    await tx.project.delete({ where: { id: project.id } });
  });
  if (project.repoPath !== null) await git.remove(project.repoPath);
}
