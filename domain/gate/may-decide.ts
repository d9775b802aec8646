import type { Permission } from '../../contracts/identity/permissions.ts';
import type { Gate } from '../../prisma/generated/client.ts';
import { findHolders } from '../identity/find-holders.ts';
import type { Db } from '../shared/db.ts';

/** Who may not decide because their own agent asked: the agent itself and everybody it acts for (design section 1). */
export async function usersBehindRequest(
  db: Db,
  requestedBy: string | null,
): Promise<ReadonlySet<string>> {
  if (requestedBy === null) return new Set();
  const requester = await db.user.findUnique({
    where: { id: requestedBy },
    select: { kind: true },
  });
  if (requester?.kind !== 'agent') return new Set();
  const delegators = await db.delegation.findMany({
    where: { delegateId: requestedBy },
    select: { delegatorId: true },
  });
  return new Set([requestedBy, ...delegators.map((one) => one.delegatorId)]);
}

/** Ids of everybody who may decide a gate. */
export async function findDeciders(db: Db, gate: Gate): Promise<string[]> {
  const readers = await findHolders(db, 'pipeline:read', gate.projectId);
  const holders = await findHolders(db, gate.permission as Permission, gate.projectId);
  const behind = await usersBehindRequest(db, gate.requestedBy);
  return [...holders].filter((id) => readers.has(id) && !behind.has(id));
}
