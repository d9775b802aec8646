import type { Permission } from '../../contracts/identity/permissions.ts';
import type { Gate } from '../../prisma/generated/client.ts';
import { findHolders } from '../identity/find-holders.ts';
import type { Db } from '../shared/db.ts';
import { barredFrom } from './own-agents-work.ts';

/** What whoever is shown a gate, or decides it, has to be able to read; its own permission comes on top. */
export function readPermissionOf({ subjectType }: Pick<Gate, 'subjectType'>): Permission {
  return subjectType === 'deployment' ? 'deploy:read' : 'pipeline:read';
}

/** All that whoever decides a gate holds on its project. */
export function neededToDecide(
  gate: Pick<Gate, 'subjectType' | 'permission'>,
): readonly Permission[] {
  return [readPermissionOf(gate), gate.permission as Permission];
}

/** Ids of everybody who may decide a gate. */
export async function findDeciders(db: Db, gate: Gate): Promise<string[]> {
  const readers = await findHolders(db, readPermissionOf(gate), gate.projectId);
  const holders = await findHolders(db, gate.permission as Permission, gate.projectId);
  const barred = await barredFrom(db, gate);
  return [...holders].filter((id) => readers.has(id) && !barred.has(id));
}
