import type { EventRecord } from '../../contracts/event/types.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import type { Db } from '../shared/db.ts';
import { inTransaction } from '../shared/tx.ts';
import { openSyncStatuses } from './begin-sync.ts';
import { publishDeploymentEvent } from './deployment-event.ts';

/**
 * Has the rollout that runs now undone: it stands in its row, with an audit row; its workflow is woken and reads it. Asked
 * twice it is undone once, for the reason that was given first.
 * @throws DomainError `illegal_transition` when nothing is being rolled out
 */
export async function abortDeployment(
  db: PrismaClient,
  caller: Caller,
  input: { deploymentId: string; reason: string | null },
): Promise<void> {
  await inTransaction(db, async (tx) => {
    const row = await tx.deployment.findUnique({ where: { id: input.deploymentId } });
    if (row === null) throw new DomainError('not_found', 'There is no such deployment.');
    const reason = input.reason ?? `aborted by ${caller.principal.userName}`;
    const syncId = await noteAbort(tx, row.id, reason);
    if (syncId === null)
      throw new DomainError('illegal_transition', 'Nothing is being rolled out.');
    await publishDeploymentEvent(tx, row, {
      type: 'deployment.abort_requested',
      message: `${caller.principal.userName} wants the rollout to ${row.environment} undone`,
      actorId: caller.principal.userId,
      payload: { reason, syncId },
      traceparent: caller.request.traceparent,
    });
    await writeAudit(tx, caller, {
      action: 'deployment.aborted',
      resource: 'deployment',
      resourceId: row.id,
      projectId: row.projectId,
      detail: { environment: row.environment, reason, syncId },
    });
  });
}

/** @returns the sync that will be undone: whoever ends it waits for this, or this for them */
async function noteAbort(
  tx: Prisma.TransactionClient,
  deploymentId: string,
  reason: string,
): Promise<string | null> {
  const of = { deploymentId, status: { in: [...openSyncStatuses] } };
  const open = await tx.deploymentSync.findFirst({ where: of, orderBy: { number: 'desc' } });
  if (open === null) return null;
  await tx.$queryRaw`SELECT id FROM deployment_syncs WHERE id = ${open.id} FOR NO KEY UPDATE`;
  const still = await tx.deploymentSync.findFirst({ where: { ...of, id: open.id } });
  if (still === null) return null;
  if (still.abortRequestedAt === null) {
    const data = { abortRequestedAt: new Date(), abortReason: reason };
    await tx.deploymentSync.update({ where: { id: open.id }, data });
  }
  return open.id;
}

/** Writes into the row what an API of before asked by event alone, while processes are replaced one after the other. */
export async function noteAbortOfBefore(
  db: Db,
  { payload }: Pick<EventRecord, 'payload'>,
): Promise<void> {
  const { syncId, reason } = payload;
  if (typeof syncId !== 'string') return;
  const open = { id: syncId, status: { in: [...openSyncStatuses] }, abortRequestedAt: null };
  const abortReason = typeof reason === 'string' ? reason : null;
  const data = { abortRequestedAt: new Date(), abortReason };
  await db.deploymentSync.updateMany({ where: open, data });
}

/** Why somebody wants the rollout undone that runs now; null while nobody does. */
export async function readAbort(
  db: Db,
  deploymentId: string,
): Promise<{ syncId: string; reason: string } | null> {
  const asked = await db.deploymentSync.findFirst({
    where: {
      deploymentId,
      status: { in: [...openSyncStatuses] },
      abortRequestedAt: { not: null },
    },
    orderBy: { number: 'desc' },
  });
  return asked === null ? null : { syncId: asked.id, reason: asked.abortReason ?? 'aborted' };
}
