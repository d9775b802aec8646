import type { Permission } from '../../contracts/identity/permissions.ts';
import type { Gate, GateDecision, User } from '../../prisma/generated/client.ts';
import { isAllowed } from '../identity/check-access.ts';
import { unlimited } from '../identity/credential-limits.ts';
import { delegationChainOf } from '../identity/delegation-chain-of.ts';
import { callerFor } from '../identity/system-user.ts';
import type { Db } from '../shared/db.ts';
import { neededToDecide } from './may-decide.ts';
import type { HeardGate } from './opened-gate.ts';
import { barredFrom } from './own-agents-work.ts';

/**
 * Which of the voices at a gate count at this moment. A rejection always does; any other while whoever gave it may decide
 * there still: their account is active, they hold what a decision asks for (or their JWT claimed it, whose issuer cannot be
 * asked again), and what waits is not the work of an agent of theirs. A person and the agents that act for them have one
 * voice, the person's before the agents'.
 */
export async function countedVoices(db: Db, gate: HeardGate): Promise<GateDecision[]> {
  const others = gate.decisions.filter(({ decision }) => decision !== 'reject');
  if (others.length === 0) return [...gate.decisions];
  const barred = await barredFrom(db, gate);
  const users = await db.user.findMany({
    where: { id: { in: others.map(({ deciderId }) => deciderId) }, isActive: true },
  });
  const may = new Map<string, User>();
  for (const { deciderId, claimedPermissions } of others) {
    const user = users.find(({ id }) => id === deciderId);
    if (user === undefined || barred.has(deciderId)) continue;
    if (await stillHolds(db, gate, user, claimedPermissions)) may.set(user.id, user);
  }
  const repeated = await repeatedAmong(db, [...may.values()]);
  return gate.decisions.filter(
    ({ decision, deciderId }) =>
      decision === 'reject' || (may.has(deciderId) && !repeated.has(deciderId)),
  );
}

async function stillHolds(
  db: Db,
  gate: Gate,
  user: User,
  claimed: readonly string[],
): Promise<boolean> {
  const { principal } = callerFor(user, unlimited);
  for (const permission of neededToDecide(gate)) {
    if (claimed.includes(permission)) continue;
    if (!(await isAllowed(db, principal, permission, gate.projectId))) return false;
  }
  return true;
}

/** Of those who count: the agents that somebody else speaks for already. */
async function repeatedAmong(db: Db, users: readonly User[]): Promise<ReadonlySet<string>> {
  const repeated = new Set<string>();
  if (users.length < 2) return repeated;
  const isAgent = ({ kind }: User) => kind === 'agent';
  const counted = new Set(users.filter((user) => !isAgent(user)).map(({ id }) => id));
  for (const { id } of users.filter(isAgent)) {
    const chain = await delegationChainOf(db, [id]);
    if ([...counted].some((other) => chain.has(other))) repeated.add(id);
    else counted.add(id);
  }
  return repeated;
}

/** What of a decision's permissions a credential claimed by itself: kept with the voice. */
export function claimedFor(gate: Gate, claimed: ReadonlySet<Permission>): Permission[] {
  return neededToDecide(gate).filter((permission) => claimed.has(permission));
}
