import type { GitStore } from '../../contracts/git/store.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { publishEvent } from '../event/publish-event.ts';
import { leaveObjectsOfDeployments } from '../deploy/leave-objects.ts';
import { requirePermission } from '../identity/check-access.ts';
import { leaveObjectsOfRuns } from '../pipeline/leave-objects.ts';
import { inTransaction } from '../shared/tx.ts';
import type { ProjectWithOwner } from './find-project.ts';

/**
 * Refuses while environments are there: with the project would go the only way to reach what runs of them. Previews are
 * no hindrance, they end with the project by themselves. Holds the project's row, so that none is made meanwhile.
 */
async function refuseDeployed(
  tx: Prisma.TransactionClient,
  { id: projectId }: ProjectWithOwner,
): Promise<void> {
  await tx.$queryRaw`SELECT id FROM projects WHERE id = ${projectId} FOR UPDATE`;
  const deployments = await tx.deployment.findMany({
    where: { projectId, mergeRequestId: null },
    select: { id: true, environment: true, isDeleting: true },
    orderBy: { environment: 'asc' },
  });
  if (deployments.length === 0) return;
  const names = deployments.map(({ environment }) => environment).join(', ');
  const detail = `What is deployed would run on with no way to reach it: ${names}. Remove each environment first, on the project's page of deployments or with DELETE /api/v1/deployments/{id}, and wait until it is gone.`;
  throw new DomainError('conflict', detail, {
    errors: deployments.map(({ id, environment, isDeleting }) => ({
      pointer: `#/deployments/${id}`,
      detail: isDeleting ? `${environment} is being removed` : `${environment} is deployed`,
    })),
  });
}

/**
 * Deletes a project with all that hangs on it; its audit rows and events stay. What its runs and deployments stored is removed
 * by retention, an hour later: thousands of objects are nothing to wait for.
 * The repository goes after the rows: a crash between leaves a directory that no row names, which is swept when
 * a project of that name is made again.
 * @throws DomainError `conflict` naming the environments that are deployed
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
    await refuseDeployed(tx, project);
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
    await leaveObjectsOfRuns(tx, project.id);
    await leaveObjectsOfDeployments(tx, project.id);
    await tx.project.delete({ where: { id: project.id } });
  });
  if (project.repoPath !== null) await git.remove(project.repoPath);
}
