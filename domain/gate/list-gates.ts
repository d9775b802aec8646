import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import type { Caller, Principal } from '../../contracts/identity/principal.ts';
import { effectivePermissions } from '../identity/check-access.ts';
import { delegationChainOf } from '../identity/delegation-chain-of.ts';
import type { Db } from '../shared/db.ts';
import { type DescribedGate, describeGates } from './describe-gates.ts';
import { readPermissionOf } from './may-decide.ts';

const maxGates = 200;

/**
 * Open gates of all projects that the caller holds the permission for, oldest first, at most 200.
 * With `waiting` only what waits for this very caller: not decided by them or in their name yet, and not asked for by their
 * own agent.
 */
export async function listOpenGates(
  db: PrismaClient,
  caller: Caller,
  { waiting }: { waiting: boolean },
): Promise<DescribedGate[]> {
  const { principal } = caller;
  const decidable = await decidableGates(db, principal);
  if (decidable.length === 0) return [];
  const mine = await db.gate.findMany({
    where: {
      status: 'open',
      AND: [{ OR: decidable }, ...(waiting ? await waitingFor(db, principal) : [])],
    },
    orderBy: { createdAt: 'asc' },
    take: maxGates,
  });
  return await describeGates(db, mine);
}

/** What the caller may decide of what is open, by permission and projects: so that other people's gates hide none of theirs. */
async function decidableGates(db: Db, principal: Principal): Promise<Prisma.GateWhereInput[]> {
  const kinds = await db.gate.groupBy({
    by: ['subjectType', 'permission', 'projectId'],
    where: { status: 'open' },
  });
  const heldOn = await permissionsByProject(
    db,
    principal,
    kinds.map((kind) => kind.projectId),
  );
  const found = new Map<string, { subjectType: string; permission: string; in: string[] }>();
  for (const { subjectType, permission, projectId } of kinds) {
    const held = heldOn(projectId);
    // Both are asked when it is decided, too.
    if (!held.has(permission) || !held.has(readPermissionOf({ subjectType }))) continue;
    const key = `${subjectType} ${permission}`;
    const kind = found.get(key) ?? { subjectType, permission, in: [] };
    kind.in.push(projectId);
    found.set(key, kind);
  }
  return [...found.values()].map(({ in: projectIds, ...kind }) => ({
    ...kind,
    projectId: { in: projectIds },
  }));
}

/** What is held on each of these projects. Asked once for all where neither the caller nor whom they act for has a role. */
async function permissionsByProject(
  db: Db,
  principal: Principal,
  projectIds: readonly string[],
): Promise<(projectId: string) => ReadonlySet<string>> {
  const users = { in: [principal.userId, ...principal.actChain] };
  const special = await db.project.findMany({
    where: {
      id: { in: [...projectIds] },
      OR: [
        // the one that a token is limited to
        { id: principal.projectId ?? '' },
        { roleBindings: { some: { userId: users } } },
        { delegations: { some: { delegateId: users, revokedAt: null } } },
      ],
    },
    select: { id: true },
  });
  const everywhere = await effectivePermissions(db, principal, null);
  const held = new Map<string, ReadonlySet<string>>();
  for (const { id } of special) held.set(id, await effectivePermissions(db, principal, id));
  return (projectId) => held.get(projectId) ?? everywhere;
}

async function waitingFor(db: Db, principal: Principal): Promise<Prisma.GateWhereInput[]> {
  const chain = await delegationChainOf(db, [principal.userId, ...principal.actChain]);
  const agents = [...chain].filter(([, { kind }]) => kind === 'agent').map(([id]) => id);
  return [
    { decisions: { none: { deciderId: { in: [principal.userId, ...chain.keys()] } } } },
    { OR: [{ requestedBy: null }, { requestedBy: { notIn: agents } }] },
    { NOT: { originIds: { hasSome: agents } } },
  ];
}
