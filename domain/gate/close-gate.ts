import type { GateStatus } from '../../contracts/gate/types.ts';
import type { Gate, Prisma } from '../../prisma/generated/client.ts';
import { publishEvent } from '../event/publish-event.ts';
import { countedVoices } from './counted-voices.ts';
import { subjectOf } from './gate-subject.ts';
import type { HeardGate } from './opened-gate.ts';

/**
 * Closes a gate, keeps which voices counted then, and ends the step of a pipeline that waited at it. Once: a closed gate stays
 * as it is, also when somebody who decided there loses what it asks for.
 */
export async function closeGateIn(
  tx: Prisma.TransactionClient,
  { gateId, status, reason }: { gateId: string; status: GateStatus; reason: string | null },
): Promise<void> {
  const moved = await tx.gate.updateMany({
    where: { id: gateId, status: 'open' },
    data: { status, closedAt: new Date() },
  });
  if (moved.count === 0) return;
  const gate = await tx.gate.findUniqueOrThrow({
    where: { id: gateId },
    include: { decisions: { orderBy: { createdAt: 'asc' } } },
  });
  await keepCounted(tx, gate);
  if (gate.subjectType === 'pipeline') await endStep(tx, gate, status, reason ?? status);
  await publishEvent(tx, {
    type: 'gate.closed',
    projectId: gate.projectId,
    changeId: gate.changeId,
    subjectId: gate.id,
    message: `${gate.step}: ${status}`,
    payload: { ...subjectOf(gate), step: gate.step, status },
  });
}

async function keepCounted(tx: Prisma.TransactionClient, gate: HeardGate): Promise<void> {
  const counted = (await countedVoices(tx, gate)).map(({ id }) => id);
  if (counted.length === gate.decisions.length) return;
  await tx.gateDecision.updateMany({
    where: { gateId: gate.id, id: { notIn: counted } },
    data: { isCounted: false },
  });
}

async function endStep(
  tx: Prisma.TransactionClient,
  gate: Gate,
  status: GateStatus,
  reason: string,
): Promise<void> {
  await tx.pipelineStep.updateMany({
    where: {
      pipelineId: gate.subjectId,
      name: gate.step,
      status: { in: ['pending', 'waiting'] },
    },
    data: { status: stepStatusOf(status), reason, finishedAt: new Date() },
  });
}

function stepStatusOf(status: GateStatus): string {
  if (status === 'approved') return 'success';
  if (status === 'skipped') return 'skipped';
  return status === 'void' ? 'cancelled' : 'failure';
}
