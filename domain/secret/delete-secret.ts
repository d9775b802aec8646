import { DomainError } from '../../contracts/problems.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { publishEvent } from '../event/publish-event.ts';
import { requirePermission } from '../identity/check-access.ts';
import { inTransaction } from '../shared/tx.ts';

/** Removes a secret of a project (null: a global one) with all its versions. @throws DomainError `not_found` */
export async function deleteSecret(
  db: PrismaClient,
  caller: Caller,
  projectId: string | null,
  name: string,
): Promise<void> {
  await requirePermission(db, caller, 'secret:delete', projectId);
  await inTransaction(db, async (tx) => {
    const secret = await tx.secret.findFirst({
      where: { projectId, name },
      select: { id: true, version: true },
    });
    const removed =
      secret === null ? 0 : (await tx.secret.deleteMany({ where: { id: secret.id } })).count;
    if (secret === null || removed === 0)
      throw new DomainError('not_found', 'There is no such secret.');
    await writeAudit(tx, caller, {
      action: 'secret.deleted',
      resource: 'secret',
      resourceId: secret.id,
      projectId,
      detail: { name, version: secret.version },
    });
    await publishEvent(tx, {
      type: 'secret.deleted',
      projectId,
      actorId: caller.principal.userId,
      subjectId: secret.id,
      message: `secret ${name} was deleted`,
      payload: { name },
    });
  });
}
