import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { inTransaction } from '../shared/tx.ts';
import { closeGateIn } from './close-gate.ts';

interface GateOwner {
  subjectType: 'pipeline' | 'deployment';
  subjectId: string;
}

/** Closes the open gates of what nobody works at any more: nobody is left to hear of a decision. */
export async function voidGates(db: PrismaClient, subject: GateOwner): Promise<void> {
  await inTransaction(db, (tx) => voidGatesOf(tx, subject));
}

/** The same in the transaction that ends the subject, so that no gate outlives it. */
export async function voidGatesOf(
  tx: Prisma.TransactionClient,
  { subjectType, subjectId }: GateOwner,
  reason: string | null = null,
): Promise<void> {
  const open = await tx.gate.findMany({
    where: { subjectType, subjectId, status: 'open' },
    select: { id: true },
  });
  for (const { id } of open) await closeGateIn(tx, { gateId: id, status: 'void', reason });
}
