import type { Pipeline, Prisma } from '../../prisma/generated/client.ts';
import { publishEvent } from '../event/publish-event.ts';
import { mergeRequestOfRun } from '../pipeline/run-key.ts';
import { closeGateIn } from './close-gate.ts';
import { subjectOf } from './gate-subject.ts';
import type { HeardGate } from './opened-gate.ts';
import { settleGateIn } from './settle-gate.ts';

/**
 * Where several runs of one branch wait at the same step only the newest may be let on: the gates of the others are void,
 * and their runs hear of it.
 */
export async function overtakeGates(
  tx: Prisma.TransactionClient,
  run: Pick<Pipeline, 'projectId' | 'gitRef'>,
  step: string,
): Promise<void> {
  const place = `gates of ${run.projectId} ${run.gitRef} ${step}`;
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext(${place}))`;
  const of = { subjectType: 'pipeline', projectId: run.projectId, target: run.gitRef, step };
  await tx.$queryRaw`
    SELECT id FROM gates WHERE subject_type = ${of.subjectType} AND project_id = ${of.projectId}
       AND target = ${of.target} AND step = ${step} AND status = 'open' ORDER BY id FOR UPDATE`;
  const gates = await tx.gate.findMany({
    where: { ...of, status: 'open' },
    include: { decisions: { orderBy: { createdAt: 'asc' } } },
  });
  const runs = await tx.pipeline.findMany({
    where: { id: { in: gates.map((gate) => gate.subjectId) } },
    select: { id: true, number: true, trigger: true, dedupeKey: true },
    orderBy: { number: 'desc' },
  });
  // Those of a merge request and those of the branch itself go side by side.
  const newest = new Map<string, number>();
  for (const one of runs) {
    const kind = mergeRequestOfRun(one)?.id ?? '';
    const by = newest.get(kind);
    if (by === undefined) newest.set(kind, one.number);
    const gate = gates.find(({ subjectId }) => subjectId === one.id);
    if (by !== undefined && gate !== undefined) await overtake(tx, gate, by);
  }
}

/** What was said before versions closed gates with the last voice is counted first. */
async function overtake(tx: Prisma.TransactionClient, gate: HeardGate, by: number): Promise<void> {
  if ((await settleGateIn(tx, gate)) === 'open') await voidFor(tx, gate, by);
}

async function voidFor(tx: Prisma.TransactionClient, gate: HeardGate, by: number): Promise<void> {
  const reason = `pipeline #${String(by)} waits here instead`;
  await closeGateIn(tx, { gateId: gate.id, status: 'void', reason });
  await publishEvent(tx, {
    type: 'gate.decided',
    projectId: gate.projectId,
    changeId: gate.changeId,
    subjectId: gate.id,
    message: `${gate.step}: ${reason}`,
    payload: {
      workflowId: gate.workflowId,
      ...subjectOf(gate),
      step: gate.step,
      decision: 'void',
      reason,
      deciderId: 'system',
    },
  });
}
