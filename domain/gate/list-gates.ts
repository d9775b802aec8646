import type { Gate, PrismaClient } from '../../prisma/generated/client.ts';
import type { Permission } from '../../contracts/identity/permissions.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { can } from '../identity/check-access.ts';

/** Open gates that the caller may decide, oldest first: what is waiting for me. At most 200. */
export async function listGatesWaitingFor(db: PrismaClient, caller: Caller): Promise<Gate[]> {
  const open = await db.gate.findMany({
    where: { status: 'open' },
    orderBy: { createdAt: 'asc' },
    take: 200,
  });
  const mine: Gate[] = [];
  for (const gate of open) {
    if (await can(db, caller.principal, gate.permission as Permission, gate.projectId))
      mine.push(gate);
  }
  return mine;
}
