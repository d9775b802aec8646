import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Deployment, Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { inTransaction } from '../shared/tx.ts';
import { publishDeploymentEvent } from './deployment-event.ts';
import { inheritedOrigin } from './inherited-origin.ts';

/** Columns of the desired state that a person may change. */
type DesiredColumns = Prisma.DeploymentUncheckedUpdateInput;

/**
 * Changes what is desired: row, event and audit in one transaction. The entity hears of it through the outbox and brings
 * the target to it; whether it may be done was checked by the route.
 * @param decide what changes; sees the row under lock, and refuses with a DomainError
 */
export async function changeDesired(
  db: PrismaClient,
  caller: Caller,
  deploymentId: string,
  decide: (
    row: Deployment,
    tx: Prisma.TransactionClient,
  ) => Promise<{
    desired: DesiredColumns;
    action: string;
    message: string;
    detail?: Record<string, unknown>;
    /** false for settings that ask for no sync */
    isSync?: boolean;
  }>,
): Promise<Deployment> {
  return await inTransaction(db, async (tx) => {
    await tx.$queryRaw`SELECT id FROM deployments WHERE id = ${deploymentId} FOR UPDATE`;
    const row = await tx.deployment.findUnique({ where: { id: deploymentId } });
    if (row === null) throw new DomainError('not_found', 'There is no such deployment.');
    if (row.isDeleting) throw new DomainError('illegal_transition', 'It is being removed.');
    const { desired, action, message, detail, isSync } = await decide(row, tx);
    const asSync = {
      generation: { increment: 1 },
      deployedBy: caller.principal.userId,
      originIds: originOfDesired(row, desired),
    };
    const changed = await tx.deployment.update({
      where: { id: row.id },
      data: { ...desired, ...(isSync === false ? {} : asSync) },
    });
    await publishDeploymentEvent(tx, changed, {
      type: 'deployment.desired_changed',
      message: `${caller.principal.userName}: ${message}`,
      actorId: caller.principal.userId,
      payload: { generation: changed.generation, action },
      traceparent: caller.request.traceparent,
    });
    await writeAudit(tx, caller, {
      action: `deployment.${action}`,
      resource: 'deployment',
      resourceId: row.id,
      projectId: row.projectId,
      detail: { environment: row.environment, ...detail },
    });
    return changed;
  });
}

/** The same image desired once more stays the work of its requester before; another image is another one's. */
function originOfDesired(row: Deployment, { imageRef, originIds }: DesiredColumns): string[] {
  const given = Array.isArray(originIds) ? originIds : [];
  const isSame = imageRef === undefined || imageRef === row.imageRef;
  return [...new Set([...given, ...(isSame ? inheritedOrigin(row) : [])])];
}
