import type { Gate, GateDecision, Pipeline, Prisma } from '../../prisma/generated/client.ts';
import { publishEvent } from '../event/publish-event.ts';
import { mergeRequestOfRun } from '../pipeline/merge-request-run.ts';
import { closeGateIn } from './close-gate.ts';
import { subjectOf } from './gate-subject.ts';

type Waiting = Gate & { decisions: readonly GateDecision[] };

/**
 * Where several runs of one branch wait at the same step only the newest may be let on: the gates of the others are void,
 * and their runs hear of it. One that has all its voices is decided, and goes its way.
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
    include: { decisions: true },
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
    if (by !== undefined && gate !== undefined && !isDecided(gate)) await voidFor(tx, gate, by);
  }
}

function isDecided({ quorum, decisions }: Waiting): boolean {
  const count = (kind: string) => decisions.filter(({ decision }) => decision === kind).length;
  return count('reject') > 0 || count('approve') >= quorum || count('skip') >= quorum;
}

async function voidFor(tx: Prisma.TransactionClient, gate: Waiting, by: number): Promise<void> {
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
