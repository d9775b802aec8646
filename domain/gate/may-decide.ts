import type { Permission } from '../../contracts/identity/permissions.ts';
import type { Gate } from '../../prisma/generated/client.ts';
import { findHolders } from '../identity/find-holders.ts';
import { kinOf } from '../identity/kin-of.ts';
import type { Db } from '../shared/db.ts';

/** What whoever is shown a gate, or decides it, has to be able to read; its own permission comes on top. */
export function readPermissionOf({ subjectType }: Pick<Gate, 'subjectType'>): Permission {
  return subjectType === 'deployment' ? 'deploy:read' : 'pipeline:read';
}

/** Ids of everybody who may decide a gate. */
export async function findDeciders(db: Db, gate: Gate): Promise<string[]> {
  const readers = await findHolders(db, readPermissionOf(gate), gate.projectId);
  const holders = await findHolders(db, gate.permission as Permission, gate.projectId);
  const barred = await barredFrom(db, gate.requestedBy);
  return [...holders].filter((id) => readers.has(id) && !barred.has(id));
}

/** Nobody decides what their own agent asked for: not the agent, nor those it acts for, nor other agents of theirs. */
async function barredFrom(db: Db, requestedBy: string | null): Promise<ReadonlySet<string>> {
  if (requestedBy === null) return new Set();
  const kin = await kinOf(db, [requestedBy]);
  return new Set(kin.get(requestedBy)?.kind === 'agent' ? kin.keys() : []);
}
