import { randomBytes } from 'node:crypto';
import type { EventRecord } from '../../contracts/event/types.ts';
import { newId } from '../../domain/shared/new-id.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';

let count = 0;

/** A committed event as a consumer of the outbox sees it; types of areas that are not there yet, too. */
export function eventRecord(
  type: string,
  fields: Partial<Omit<EventRecord, 'type'>> = {},
): EventRecord {
  return {
    id: newId('event'),
    position: '1-1',
    type: type as EventRecord['type'],
    projectId: null,
    changeId: null,
    actorId: null,
    subjectId: null,
    message: '',
    payload: {},
    traceparent: null,
    createdAt: new Date().toISOString(),
    ...fields,
  };
}

/** A run of a project, with steps by name and status. */
export async function makeRun(
  db: PrismaClient,
  projectId: string,
  fields: {
    status: string;
    triggeredBy?: string;
    changeId?: string;
    steps?: Record<string, string>;
  },
): Promise<{ id: string; number: number; changeId: string }> {
  const id = newId('pipeline');
  const number = (count += 1);
  const changeId = fields.changeId ?? newId('change');
  await db.pipeline.create({
    data: {
      id,
      projectId,
      number,
      changeId,
      trigger: 'push',
      gitRef: 'refs/heads/main',
      commitSha: randomBytes(20).toString('hex'),
      commitTitle: 'Mend the roof',
      status: fields.status,
      triggeredBy: fields.triggeredBy ?? null,
      startedAt: new Date(),
    },
  });
  let stepOrder = 0;
  for (const [name, status] of Object.entries(fields.steps ?? {})) {
    await db.pipelineStep.create({
      data: {
        id: newId('step'),
        pipelineId: id,
        projectId,
        stepOrder: (stepOrder += 1),
        name,
        image: 'node:20',
        status,
        ...(status === 'failure' ? { reason: 'exit code 1' } : {}),
      },
    });
  }
  return { id, number, changeId };
}

/** An open gate of a run's step, or of a rollout. */
export async function makeGate(
  db: PrismaClient,
  projectId: string,
  fields: {
    permission?: string;
    requestedBy?: string;
    pipelineId?: string;
    changeId?: string;
    quorum?: number;
    expiresAt?: Date;
    /** what waits at a gate of a rollout: `sync`, `prune` */
    rollout?: { step: string; syncId?: string };
  } = {},
): Promise<string> {
  const id = newId('gate');
  const { rollout } = fields;
  const subjectId =
    rollout?.syncId ??
    fields.pipelineId ??
    (await makeRun(db, projectId, { status: 'running' })).id;
  await db.gate.create({
    data: {
      id,
      subjectType: rollout === undefined ? 'pipeline' : 'deployment',
      subjectId,
      step: rollout?.step ?? `approve-${String((count += 1))}`,
      workflowId: `pipeline-run:${subjectId}`,
      projectId,
      changeId: fields.changeId ?? newId('change'),
      permission: fields.permission ?? 'deploy:promote',
      quorum: fields.quorum ?? 1,
      requestedBy: fields.requestedBy ?? null,
      expiresAt: fields.expiresAt ?? new Date(Date.now() + 3_600_000),
    },
  });
  return id;
}

/** The end of a run that failed at its second step. */
export async function failedBuildEvent(
  db: PrismaClient,
  projectId: string,
  triggeredBy: string,
): Promise<EventRecord> {
  const run = await makeRun(db, projectId, {
    status: 'failure',
    triggeredBy,
    steps: { build: 'success', test: 'failure' },
  });
  return eventRecord('pipeline.completed', {
    projectId,
    changeId: run.changeId,
    actorId: triggeredBy,
    subjectId: run.id,
    payload: { status: 'failure', number: run.number },
  });
}
