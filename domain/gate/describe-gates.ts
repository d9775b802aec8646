import type { Gate, GateDecision } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { countedVoices } from './counted-voices.ts';
import type { HeardGate } from './opened-gate.ts';

/** A gate with the names of all that it speaks of. */
export interface DescribedGate extends Gate {
  project: { id: string; owner: string; name: string };
  /** what waits: `#12` of a pipeline, the environment of a deployment */
  subject: string;
  commitTitle: string | null;
  requesterName: string | null;
  /** how many of the quorum have approved: of an open gate as it counts now, else as it counted when it was closed */
  approvals: number;
  decisions: (GateDecision & { deciderName: string | null })[];
}

interface Subject {
  text: string;
  commitTitle: string | null;
}

async function subjectsOf(db: Db, gates: readonly Gate[]): Promise<Map<string, Subject>> {
  const ids = (type: string) =>
    gates.filter((gate) => gate.subjectType === type).map((gate) => gate.subjectId);
  const [runs, syncs] = await Promise.all([
    db.pipeline.findMany({
      where: { id: { in: ids('pipeline') } },
      select: { id: true, number: true, commitTitle: true },
    }),
    db.deploymentSync.findMany({
      where: { id: { in: ids('deployment') } },
      select: { id: true, deployment: { select: { environment: true } } },
    }),
  ]);
  return new Map<string, Subject>([
    ...runs.map(
      (run) => [run.id, { text: `#${String(run.number)}`, commitTitle: run.commitTitle }] as const,
    ),
    ...syncs.map(
      (sync) => [sync.id, { text: sync.deployment.environment, commitTitle: null }] as const,
    ),
  ]);
}

/** Its voices, each with whether it counts; those of a gate that is closed as they counted then. */
async function heardAt(db: Db, gate: HeardGate): Promise<GateDecision[]> {
  if (gate.status !== 'open') return [...gate.decisions];
  const counted = new Set((await countedVoices(db, gate)).map(({ id }) => id));
  return gate.decisions.map((one) => ({ ...one, isCounted: counted.has(one.id) }));
}

/** Adds the names, in a handful of queries however many gates there are, and what counts of what was said at each. */
export async function describeGates(db: Db, gates: readonly Gate[]): Promise<DescribedGate[]> {
  if (gates.length === 0) return [];
  const [projects, subjects, decisions] = await Promise.all([
    db.project.findMany({
      where: { id: { in: gates.map((gate) => gate.projectId) } },
      select: { id: true, name: true, owner: { select: { name: true } } },
    }),
    subjectsOf(db, gates),
    db.gateDecision.findMany({
      where: { gateId: { in: gates.map((gate) => gate.id) } },
      orderBy: { createdAt: 'asc' },
    }),
  ]);
  const people = await db.user.findMany({
    where: {
      id: {
        in: [
          ...decisions.map((one) => one.deciderId),
          ...gates.flatMap((gate) => gate.requestedBy ?? []),
        ],
      },
    },
    select: { id: true, name: true },
  });
  const nameOf = (id: string | null) => people.find((one) => one.id === id)?.name ?? null;
  const heard = new Map<string, GateDecision[]>();
  for (const gate of gates) {
    const said = decisions.filter(({ gateId }) => gateId === gate.id);
    heard.set(gate.id, await heardAt(db, { ...gate, decisions: said }));
  }
  return gates.map((gate) => {
    const said = heard.get(gate.id) ?? [];
    const project = projects.find((one) => one.id === gate.projectId);
    return {
      ...gate,
      project: {
        id: gate.projectId,
        owner: project?.owner.name ?? '',
        name: project?.name ?? '',
      },
      subject: subjects.get(gate.subjectId)?.text ?? gate.subjectType,
      commitTitle: subjects.get(gate.subjectId)?.commitTitle ?? null,
      requesterName: nameOf(gate.requestedBy),
      approvals: said.filter(({ decision, isCounted }) => decision === 'approve' && isCounted)
        .length,
      decisions: said.map((one) => ({ ...one, deciderName: nameOf(one.deciderId) })),
    };
  });
}

/** One gate as it is now. */
export async function describeGate(db: Db, gateId: string): Promise<DescribedGate> {
  const [gate] = await describeGates(db, [
    await db.gate.findUniqueOrThrow({ where: { id: gateId } }),
  ]);
  if (gate === undefined) throw new Error('a gate gave no description');
  return gate;
}
