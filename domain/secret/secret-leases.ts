import type { Caller } from '../../contracts/identity/principal.ts';
import type { LeaseOwner } from '../../contracts/secret/types.ts';
import type { Prisma, Secret } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import type { Db } from '../shared/db.ts';
import { newId } from '../shared/new-id.ts';

/** A lease as it is shown: never a value. */
export interface LeaseRecord {
  name: string;
  version: number;
  grantedAt: string;
  endedAt: string | null;
}

/** Leases of an owner, the live ones first, at most 100. */
export async function listLeases(db: Db, { kind, id }: LeaseOwner): Promise<LeaseRecord[]> {
  const rows = await db.secretLease.findMany({
    where: { ownerKind: kind, ownerId: id },
    orderBy: [{ endedAt: { sort: 'desc', nulls: 'first' } }, { name: 'asc' }, { version: 'desc' }],
    take: 100,
  });
  return rows.map(({ name, version, grantedAt, endedAt }) => ({
    name,
    version,
    grantedAt: grantedAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
  }));
}

/**
 * Notes that an owner is given these secrets, before it gets their values; once for each version. Another version ends
 * the lease of the one before, also an older one that an undo goes back to.
 * @returns those that it did not hold yet
 */
export async function grantLeases(
  tx: Prisma.TransactionClient,
  owner: LeaseOwner,
  projectId: string,
  secrets: readonly Pick<Secret, 'id' | 'name' | 'version'>[],
): Promise<ReadonlySet<string>> {
  // Two waves may apply Secret objects of one owner at the same time.
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext(${`lease ${owner.kind} ${owner.id}`}))`;
  const of = { ownerKind: owner.kind, ownerId: owner.id, endedAt: null };
  const live = await tx.secretLease.findMany({ where: of });
  const fresh = secrets.filter(
    ({ id, version }) => !live.some((one) => one.secretId === id && one.version === version),
  );
  for (const one of live) {
    // by name as well: another secret may have taken its place
    const next = fresh.find(({ id, name }) => id === one.secretId || name === one.name);
    if (next === undefined) continue;
    const endReason =
      next.id !== one.secretId || next.version > one.version ? 'newer_version' : 'undone';
    await tx.secretLease.update({
      where: { id: one.id },
      data: { endedAt: new Date(), endReason },
    });
  }
  await tx.secretLease.createMany({
    data: fresh.map(({ id, name, version }) => ({
      id: newId('secretLease'),
      projectId,
      secretId: id,
      name,
      version,
      ownerKind: owner.kind,
      ownerId: owner.id,
    })),
  });
  return new Set(fresh.map(({ id }) => id));
}

/** Ends all leases of an owner that has given everything back, each with its audit row. Nothing happens without any. */
export async function endLeases(
  tx: Prisma.TransactionClient,
  caller: Caller,
  owner: LeaseOwner,
): Promise<void> {
  const where = { ownerKind: owner.kind, ownerId: owner.id, endedAt: null };
  const live = await tx.secretLease.findMany({ where, orderBy: { id: 'asc' } });
  if (live.length === 0) return;
  await tx.secretLease.updateMany({
    where: { id: { in: live.map(({ id }) => id) } },
    data: { endedAt: new Date(), endReason: 'owner_ended' },
  });
  for (const lease of live) {
    await writeAudit(tx, caller, {
      action: 'secret.lease_ended',
      resource: 'secret',
      resourceId: lease.secretId ?? lease.id,
      projectId: lease.projectId,
      detail: { name: lease.name, version: lease.version, ownerKind: owner.kind, owner: owner.id },
    });
  }
}
