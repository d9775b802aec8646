import type { GateNow } from '../../contracts/gate/activities.ts';
import type { GateDecision, GateStatus } from '../../contracts/gate/types.ts';
import { verdictOf } from '../../contracts/gate/verdict.ts';
import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { inTransaction } from '../shared/tx.ts';
import { closeGateIn } from './close-gate.ts';
import { countedVoices } from './counted-voices.ts';
import { gateNow, type HeardGate } from './opened-gate.ts';

/** A gate without an end of its own is checked again after this long. */
const recheckMs = 24 * 3_600_000;

/** The gate under lock: whoever decides, overtakes or closes it does so one after another. */
export async function lockGate(
  tx: Prisma.TransactionClient,
  gateId: string,
): Promise<HeardGate | null> {
  await tx.$queryRaw`SELECT id FROM gates WHERE id = ${gateId} FOR UPDATE`;
  return await tx.gate.findUnique({
    where: { id: gateId },
    include: { decisions: { orderBy: { createdAt: 'asc' } } },
  });
}

/**
 * Counts what was said at an open gate and closes it if that is enough: the gate ends in the transaction that decides.
 * Only voices of those who may decide there at this moment count; a rejection always does.
 * @param gate under lock
 * @returns how it is now
 */
export async function settleGateIn(
  tx: Prisma.TransactionClient,
  gate: HeardGate,
): Promise<GateStatus> {
  if (gate.status !== 'open') return gate.status as GateStatus;
  const counted = await countedVoices(tx, gate);
  const verdict = verdictOf(gate.quorum, counted as Pick<GateDecision, 'decision'>[]);
  if (verdict === null) return 'open';
  const reason = counted.map((one) => one.reason).find((text) => text !== null) ?? null;
  await closeGateIn(tx, { gateId: gate.id, status: verdict, reason });
  return verdict;
}

/**
 * What a workflow that waits at a gate reads when it is woken, or when it waits no more. The count decides; only where it
 * decides nothing is the status taken that the workflow asks for: `void`, or `expired` once the time has passed.
 */
export async function settleGate(
  db: PrismaClient,
  { gateId, requested }: { gateId: string; requested?: GateStatus },
): Promise<GateNow> {
  return await inTransaction(db, async (tx) => {
    const gate = await lockGate(tx, gateId);
    // It went with its project. Nobody decides it any more, and the workflow has to end all the same.
    if (gate === null) return { status: 'void', expiresMs: 1, decisions: [] };
    let status = await settleGateIn(tx, gate);
    if (status === 'open' && (requested === 'void' || (requested === 'expired' && isPast(gate)))) {
      await closeGateIn(tx, { gateId, status: requested, reason: null });
      status = requested;
    }
    return gateNow({ ...gate, status }, recheckMs);
  });
}

/** Whether nothing can be decided at it any more, though nobody has closed it yet. */
export function isPast({ expiresAt }: Pick<HeardGate, 'expiresAt'>): boolean {
  return expiresAt !== null && expiresAt.getTime() <= Date.now();
}
