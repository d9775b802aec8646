import type { GateDecision, GateStatus } from '../../contracts/gate/types.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { publishEvent } from '../event/publish-event.ts';
import { inTransaction } from '../shared/tx.ts';
import { subjectOf } from './gate-subject.ts';

/** Closes a gate as the workflow decided, and ends the step of a pipeline that waited at it. Once: a closed gate stays as it is. */
export async function closeGate(
  db: PrismaClient,
  input: { gateId: string; status: GateStatus; decisions: readonly GateDecision[] },
): Promise<void> {
  await inTransaction(db, async (tx) => {
    const moved = await tx.gate.updateMany({
      where: { id: input.gateId, status: 'open' },
      data: { status: input.status, closedAt: new Date() },
    });
    if (moved.count === 0) return;
    const gate = await tx.gate.findUniqueOrThrow({ where: { id: input.gateId } });
    const reason =
      input.decisions.map((decision) => decision.reason).find((text) => text !== null) ??
      input.status;
    await tx.pipelineStep.updateMany({
      where: {
        pipelineId: gate.subjectId,
        name: gate.step,
        status: { in: ['pending', 'waiting'] },
      },
      data: { status: stepStatusOf(input.status), reason, finishedAt: new Date() },
    });
    await publishEvent(tx, {
      type: 'gate.closed',
      projectId: gate.projectId,
      changeId: gate.changeId,
      subjectId: gate.id,
      message: `${gate.step}: ${input.status}`,
      payload: { ...subjectOf(gate), step: gate.step, status: input.status },
    });
  });
}

function stepStatusOf(status: GateStatus): string {
  if (status === 'approved') return 'success';
  if (status === 'skipped') return 'skipped';
  return status === 'void' ? 'cancelled' : 'failure';
}
