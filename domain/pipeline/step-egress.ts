import type { EgressEntry, EgressRecord } from '../../contracts/pipeline/egress.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { findLogStep } from './log-step.ts';

/** What one attempt of a step asked of the network. */
export interface StepEgressRecord extends EgressRecord {
  attempt: number;
  /** the list that held for it; null: there was none */
  allow: string[] | null;
}

/** What steps of a project may reach; null: everything that is not closed to all steps. */
export async function egressAllowOf(db: Db, projectId: string): Promise<string[] | null> {
  const project = await db.project.findUniqueOrThrow({
    where: { id: projectId },
    select: { egressAllow: true },
  });
  return readEgressAllow(project.egressAllow);
}

/** The same of the value of its column. */
export function readEgressAllow(stored: unknown): string[] | null {
  return Array.isArray(stored) ? stored.filter((line) => typeof line === 'string') : null;
}

/** Writes down what an attempt asked for; again is once. */
export async function keepStepEgress(
  db: Db,
  step: { stepId: string; attempt: number },
  allow: readonly string[] | null,
  { entries, isCut }: EgressRecord,
): Promise<void> {
  const kept = {
    allow: allow === null ? Prisma.DbNull : [...allow],
    entries: entries.map((entry) => ({ ...entry })),
    isCut,
  };
  await db.stepEgress.upsert({
    where: { stepId_attempt: { stepId: step.stepId, attempt: step.attempt } },
    create: { stepId: step.stepId, attempt: step.attempt, ...kept },
    update: kept,
  });
}

/** What the attempts of a step asked for, the newest first. @throws DomainError `not_found` */
export async function readStepEgress(
  db: Db,
  pipelineId: string,
  name: string,
): Promise<StepEgressRecord[]> {
  const step = await findLogStep(db, pipelineId, name);
  const rows = await db.stepEgress.findMany({
    where: { stepId: step.id },
    orderBy: { attempt: 'desc' },
    take: 20,
  });
  return rows.map(({ attempt, allow, entries, isCut }) => ({
    attempt,
    allow: readEgressAllow(allow),
    entries: entries as unknown as EgressEntry[],
    isCut,
  }));
}
