import type { OpenedGate } from '../../contracts/gate/activities.ts';
import type { Pipeline, Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import type { GateDefinition } from '../../contracts/pipeline/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import { publishEvent } from '../event/publish-event.ts';
import { planOf } from '../pipeline/begin-run.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { openedGate } from './opened-gate.ts';
import { overtakeGates } from './overtake-gates.ts';

/**
 * Opens the gate of a pipeline's step, once: a second call gives the same gate. The step then waits, and older runs of the
 * branch that wait at the same step do so no more. At a run that has ended meanwhile it is void from the start.
 */
export async function openPipelineGate(
  db: PrismaClient,
  input: { pipelineId: string; step: string; workflowId: string },
): Promise<OpenedGate> {
  return await inTransaction(db, async (tx) => {
    // Whoever ends the run voids its gates: either sees the other.
    await tx.$queryRaw`SELECT id FROM pipelines WHERE id = ${input.pipelineId} FOR NO KEY UPDATE`;
    const run = await tx.pipeline.findUniqueOrThrow({ where: { id: input.pipelineId } });
    const isOver = run.status !== 'pending' && run.status !== 'running';
    const gate = planOf(run.definition)?.steps.find((step) => step.name === input.step)?.gate;
    if (gate === null || gate === undefined)
      throw new DomainError('not_found', `Step ${input.step} has no gate.`);
    const key = { subjectType: 'pipeline', subjectId: run.id, step: input.step };
    const earlier = await tx.gate.findUnique({
      where: { subjectType_subjectId_step: key },
      include: { decisions: { orderBy: { createdAt: 'asc' } } },
    });
    if (earlier !== null) return openedGate(earlier, gate.expiresMs);
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
        originIds: run.originIds,
        expiresAt: new Date(Date.now() + gate.expiresMs),
        ...(isOver ? { status: 'void', closedAt: new Date() } : {}),
      },
    });
    const made = { gateId, quorum: gate.approvals, expiresMs: gate.expiresMs, decisions: [] };
    if (isOver) return { ...made, status: 'void' };
    await tx.pipelineStep.updateMany({
      where: { pipelineId: run.id, name: input.step, status: 'pending' },
      data: { status: 'waiting', startedAt: new Date() },
    });
    await announceGate(tx, run, { gateId, step: input.step, gate });
    await overtakeGates(tx, run, input.step);
    return { ...made, status: 'open' };
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
