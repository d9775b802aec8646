import type { Gate, PrismaClient } from '../../prisma/generated/client.ts';
import type { Permission } from '../../contracts/identity/permissions.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { can } from '../identity/check-access.ts';
import { type DescribedGate, describeGates } from './describe-gates.ts';
import { usersBehindRequest } from './may-decide.ts';

const maxGates = 200;

/**
 * Open gates of all projects that the caller holds the permission for, oldest first, at most 200.
 * With `waiting` only what waits for this very caller: not decided by them yet, and not asked for by their own agent.
 */
export async function listOpenGates(
  db: PrismaClient,
  caller: Caller,
  { waiting }: { waiting: boolean },
): Promise<DescribedGate[]> {
  const { principal } = caller;
  const open = await db.gate.findMany({
    where: {
      status: 'open',
      ...(waiting ? { decisions: { none: { deciderId: principal.userId } } } : {}),
    },
    orderBy: { createdAt: 'asc' },
    take: maxGates,
  });
  const mine: Gate[] = [];
  for (const gate of open) {
    const permission = gate.permission as Permission;
    if (!(await can(db, principal, permission, gate.projectId))) continue;
    // Both are asked when it is decided, too.
    if (!(await can(db, principal, 'pipeline:read', gate.projectId))) continue;
    if (waiting && (await usersBehindRequest(db, gate.requestedBy)).has(principal.userId)) continue;
    mine.push(gate);
  }
  return await describeGates(db, mine);
}
