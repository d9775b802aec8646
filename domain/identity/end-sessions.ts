import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { inTransaction } from '../shared/tx.ts';
import { requireAccount } from './require-account.ts';

export interface SessionRecord {
  id: string;
  ipAddr: string | null;
  userAgent: string | null;
  createdAt: string;
  expiresAt: string;
  /** the one that asks */
  isCurrent: boolean;
}

/** Live sessions of the caller, newest first. */
export async function listOwnSessions(db: PrismaClient, caller: Caller): Promise<SessionRecord[]> {
  requireAccount(caller);
  const rows = await db.authSession.findMany({
    where: { userId: caller.principal.userId, expiresAt: { gt: new Date() } },
    orderBy: { createdAt: 'desc' },
  });
  return rows.map((row) => ({
    id: row.id,
    ipAddr: row.ipAddr,
    userAgent: row.userAgent,
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    isCurrent: row.id === caller.principal.credentialId,
  }));
}

/** Ends one of the caller's own sessions. */
export async function endOwnSession(db: PrismaClient, caller: Caller, id: string): Promise<void> {
  requireAccount(caller);
  await inTransaction(db, async (tx) => {
    const { count } = await tx.authSession.deleteMany({
      where: { id, userId: caller.principal.userId },
    });
    if (count === 0) throw new DomainError('not_found', 'You have no such session.');
    await writeAudit(tx, caller, { action: 'session.ended', resource: 'session', resourceId: id });
  });
}

/** Signs out: ends the session that asks. A caller that came with a token has none to end. */
export async function logout(db: PrismaClient, caller: Caller): Promise<void> {
  const { via, credentialId } = caller.principal;
  if (via !== 'session' || credentialId === null) return;
  await endOwnSession(db, caller, credentialId);
}
