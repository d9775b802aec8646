import type { Pipeline, Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import type { GateDefinition } from '../../contracts/pipeline/types.ts';
import type { GateDecision, GateStatus } from '../../contracts/gate/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import { publishEvent } from '../event/publish-event.ts';
import { planOf } from '../pipeline/begin-run.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';

/** Opens the gate of a pipeline's step, once: a second call gives the same gate. The step then waits. */
export async function openPipelineGate(
  db: PrismaClient,
  input: { pipelineId: string; step: string; workflowId: string },
): Promise<{ gateId: string; quorum: number; expiresMs: number }> {
  return await inTransaction(db, async (tx) => {
    const run = await tx.pipeline.findUniqueOrThrow({ where: { id: input.pipelineId } });
    const gate = planOf(run.definition)?.steps.find((step) => step.name === input.step)?.gate;
    if (gate === null || gate === undefined)
      throw new DomainError('not_found', `Step ${input.step} has no gate.`);
    const key = { subjectType: 'pipeline', subjectId: run.id, step: input.step };
    const earlier = await tx.gate.findUnique({ where: { subjectType_subjectId_step: key } });
    if (earlier !== null) {
      const expiresMs = Math.max(
        1,
        (earlier.expiresAt?.getTime() ?? Date.now() + gate.expiresMs) - Date.now(),
      );
      return { gateId: earlier.id, quorum: earlier.quorum, expiresMs };
    }
    const gateId = newId('gate');
    await tx.gate.create({
      data: {
        id: gateId,
        ...key,
        workflowId: input.workflowId,
        projectId: run.projectId,
        changeId: run.changeId,
        commitSha: run.commitSha,
        target: run.gitRef,
        permission: gate.by,
        quorum: gate.approvals,
        requestedBy: run.triggeredBy,
        expiresAt: new Date(Date.now() + gate.expiresMs),
      },
    });
    await tx.pipelineStep.updateMany({
      where: { pipelineId: run.id, name: input.step, status: 'pending' },
      data: { status: 'waiting', startedAt: new Date() },
    });
    await announceGate(tx, run, { gateId, step: input.step, gate });
    return { gateId, quorum: gate.approvals, expiresMs: gate.expiresMs };
  });
}

async function announceGate(
  tx: Prisma.TransactionClient,
  run: Pipeline,
  { gateId, step, gate }: { gateId: string; step: string; gate: GateDefinition },
): Promise<void> {
  await publishEvent(tx, {
    type: 'gate.opened',
    projectId: run.projectId,
    changeId: run.changeId,
    subjectId: gateId,
    message: `${step} of pipeline #${String(run.number)} waits for ${String(gate.approvals)} approval(s)`,
    payload: { pipelineId: run.id, step, permission: gate.by, quorum: gate.approvals },
  });
}

/** Closes a gate as the workflow decided, and ends the step that waited at it. Once: a closed gate stays as it is. */
export async function closePipelineGate(
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
      payload: { pipelineId: gate.subjectId, step: gate.step, status: input.status },
    });
  });
}

function stepStatusOf(status: GateStatus): string {
  if (status === 'approved') return 'success';
  if (status === 'skipped') return 'skipped';
  return status === 'void' ? 'cancelled' : 'failure';
}
