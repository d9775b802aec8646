import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Context } from '@temporalio/activity';
import { createDeployRecords } from '../../activities/deploy/index.ts';
import { createDeliveryRecords } from '../../activities/notify/index.ts';
import { createPipelineRecords } from '../../activities/pipeline/index.ts';
import { deploymentWorkflowId } from '../../contracts/deploy/ids.ts';
import { desiredChangedSignal } from '../../contracts/deploy/messages.ts';
import {
  waitingBeat,
  type PreparedRun,
  type RanSteps,
  type RunStepsInput,
} from '../../contracts/pipeline/activities.ts';
import type { StepPlan } from '../../contracts/pipeline/types.ts';
import { taskQueues } from '../../contracts/task-queues.ts';
import { wakeDeployment } from '../../launch/deploy.ts';
import { beginRun } from '../../domain/pipeline/begin-run.ts';
import type { Deployment } from '../../prisma/generated/client.ts';
import { createTestProject, createTestUser } from '../support/callers.ts';
import { type EntityHost, makeDeployment, openEntityHost } from '../support/entity-steps.ts';
import { eventually } from '../support/eventually.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { makeRunRows } from '../support/run-rows.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

jest.setTimeout(480_000);

let database: TestDatabase;
let host: EntityHost;
/** how often each input was taken up */
const begun = new Map<string, number>();
/** inputs that no worker survives: it never beats and never answers */
const deadly = new Set<string>();
const removed: string[] = [];
/** runs whose one step waits for a place when its worker is lost */
const waiting = new Set<string>();
const onlyPlan: StepPlan = {
  ...{ name: 'only', kind: 'command', image: '', commands: ['true'], needs: [], env: {} },
  ...{ secrets: [], retries: 0, timeoutMs: 60_000, network: 'none', artifacts: [], gate: null },
  ...{ skipReason: null, allowFailure: false },
};
const onlyStep: PreparedRun = {
  plan: { steps: [onlyPlan] },
  hostQueue: taskQueues.build,
};

/** runs of three steps in a row, the second of which no worker survives */
const rows = new Map<string, PreparedRun>();
const asked: string[] = [];
const threeInARow = [
  onlyPlan,
  { ...onlyPlan, name: 'deadly', needs: ['only'] },
  { ...onlyPlan, name: 'after', needs: ['deadly'] },
];
const done = (step: string) =>
  ({ step, status: 'success', exitCode: 0, reason: null, durationMs: 1 }) as const;

/** Records that the first step is done and the second at work, and is lost. */
async function loseInARow(pipelineId: string, names: string): Promise<never> {
  asked.push(names);
  const ofStep = (name: string) => ({ pipelineId_name: { pipelineId, name } });
  const { pipelineStep } = database.db;
  await pipelineStep.update({ where: ofStep('only'), data: { status: 'success', tries: 1 } });
  await pipelineStep.update({ where: ofStep('deadly'), data: { status: 'running', tries: 1 } });
  return await Context.current().cancelled;
}

/** Takes an input up as a worker that it kills does, or does what it should. */
function work<Answer>(key: string, answer: Answer): Promise<Answer> {
  begun.set(key, (begun.get(key) ?? 0) + 1);
  return deadly.has(key) ? Context.current().cancelled : Promise.resolve(answer);
}

beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  const nothing = () => Promise.resolve();
  host = await openEntityHost(
    db,
    undefined,
    {
      ...createPipelineRecords(db),
      ...createDeliveryRecords(db),
      ...createDeployRecords({ db, store: createMemoryStore(), openRevert: nothing }),
      planSync: ({ deploymentId }) => work(deploymentId, { kind: 'nothing', reason: 'done' }),
      observe: ({ deploymentId }) =>
        work(`look ${deploymentId}`, { revisionChanged: false, drift: [], healthy: true }),
      removeAll: ({ deploymentId }) => Promise.resolve(void removed.push(deploymentId)),
      preparePipeline: ({ pipelineId }: { pipelineId: string }) =>
        work(pipelineId, rows.get(pipelineId) ?? (waiting.has(pipelineId) ? onlyStep : null)),
      runSteps: ({ pipelineId, steps }: RunStepsInput) => {
        const names = steps.map(({ name }) => name).join(' ');
        if (names !== 'only') return loseInARow(pipelineId, names);
        // Tells that it waits, and is lost; the fourth time it has its turn.
        Context.current().heartbeat(waitingBeat);
        if (begun.get(`step ${pipelineId}`) === 3) deadly.delete(`step ${pipelineId}`);
        return work<RanSteps>(`step ${pipelineId}`, { results: [done('only')], ended: null });
      },
      removeWorkspace: nothing,
      sendDelivery: ({ deliveryId }: { deliveryId: string }) => work(deliveryId, undefined),
    },
    [taskQueues.build, taskQueues.notify],
  );
  // Each loses its workers for half a minute and more: all of them at the same time.
  waited = await loseWhileWaiting();
  refusedRow = await makeRow();
  deadly.add(refusedRow.id);
  await wake(refusedRow);
  unseenRow = await makeRow();
  deadly.add(`look ${unseenRow.id}`);
  await wake(unseenRow);
  lost = await loseRun();
  lostInARow = await loseRow();
});
afterAll(async () => {
  await host.close();
  await database.drop();
});

/** a run that waits for a place, answered when it has ended */
let waited: () => Promise<string>;
/** a deployment whose planning no worker survives */
let refusedRow: Deployment;
/** a deployment whose target no worker can look at and survive */
let unseenRow: Deployment;
/** a run whose preparation no worker survives, answered when it has ended */
let lost: () => Promise<string>;
/** a run of three steps in a row, the second of which no worker survives, answered when it has ended */
let lostInARow: () => Promise<string>;

async function loseWhileWaiting(): Promise<() => Promise<string>> {
  const { pipelineId } = await makeRunRows(database.db);
  waiting.add(pipelineId);
  deadly.add(`step ${pipelineId}`);
  const run = await database.db.pipeline.findUniqueOrThrow({ where: { id: pipelineId } });
  const { projectId, changeId } = run;
  const handle = await host.client.workflow.start('pipelineRunWorkflow', {
    workflowId: `waiting-run-${pipelineId}`,
    taskQueue: taskQueues.core,
    args: [{ pipelineId, projectId, changeId }],
  });
  return () => handle.result().then(() => pipelineId);
}

async function loseRun(): Promise<() => Promise<string>> {
  const { db } = database;
  const { pipelineId } = await makeRunRows(db);
  await db.pipeline.update({ where: { id: pipelineId }, data: { status: 'pending' } });
  const run = await db.pipeline.findUniqueOrThrow({ where: { id: pipelineId } });
  deadly.add(pipelineId);
  const { projectId, changeId } = run;
  const handle = await host.client.workflow.start('pipelineRunWorkflow', {
    workflowId: `lost-run-${pipelineId}`,
    taskQueue: taskQueues.core,
    args: [{ pipelineId, projectId, changeId }],
  });
  return () => handle.result().then(() => pipelineId);
}

async function loseRow(): Promise<() => Promise<string>> {
  const { db } = database;
  const { pipelineId } = await makeRunRows(db);
  await db.pipelineStep.deleteMany({ where: { pipelineId } });
  await db.pipeline.update({ where: { id: pipelineId }, data: { status: 'pending' } });
  await beginRun(db, pipelineId, { steps: threeInARow });
  rows.set(pipelineId, { plan: { steps: threeInARow }, hostQueue: taskQueues.build });
  const { projectId, changeId } = await db.pipeline.findUniqueOrThrow({
    where: { id: pipelineId },
  });
  const handle = await host.client.workflow.start('pipelineRunWorkflow', {
    workflowId: `lost-row-${pipelineId}`,
    taskQueue: taskQueues.core,
    args: [{ pipelineId, projectId, changeId }],
  });
  return () => handle.result().then(() => pipelineId);
}

async function makeRow(): Promise<Deployment> {
  const { db } = database;
  const { id } = await createTestProject(db, (await createTestUser(db)).id);
  return await makeDeployment(db, id, { observedGeneration: 0, bakeSeconds: 0 });
}
const wake = ({ id: deploymentId, projectId, environment, changeId }: Deployment) =>
  wakeDeployment(host.client, { deploymentId, projectId, environment, changeId }, 'app');
const handleOf = ({ projectId, environment }: Deployment) =>
  host.client.workflow.getHandle(deploymentWorkflowId(projectId, environment));

describe('an input that no worker survives', () => {
  it('ends a rollout as refused after three, says so, and the next desired state is tried [A-DEP-14, A-CORE-10]', async () => {
    const { db } = database;
    const row = refusedRow;
    const now = () => db.deployment.findUniqueOrThrow({ where: { id: row.id } });
    const refused = await eventually(async () => {
      const found = await now();
      return found.observedGeneration === 1 ? found : undefined;
    }, 200_000);
    expect(begun.get(row.id)).toBe(3);
    expect(refused.statusMessage).toContain('lost 3 times in a row while the rollout was planned');
    expect(refused.currentStatus).not.toBe('pending');
    deadly.delete(row.id);
    await db.deployment.update({ where: { id: row.id }, data: { generation: 2 } });
    await wake(row);
    await eventually(async () => (begun.get(row.id) === 4 ? true : undefined), 60_000);
  });

  it('does not hold up the deletion of its deployment [A-DEP-14, A-CORE-10]', async () => {
    const { db } = database;
    const row = await makeRow();
    deadly.add(row.id);
    await wake(row);
    await eventually(async () => (begun.get(row.id) === 1 ? true : undefined), 60_000);
    await db.deployment.update({ where: { id: row.id }, data: { isDeleting: true } });
    await handleOf(row).signal(desiredChangedSignal);
    await handleOf(row).result();
    expect(removed).toContain(row.id);
    expect(begun.get(row.id)).toBeLessThan(3);
    expect(await db.deployment.findUnique({ where: { id: row.id } })).toBeNull();
  });

  it('is told of a target that cannot be looked at, and the environment goes on [A-DEP-14]', async () => {
    const { db } = database;
    const row = unseenRow;
    const told = await eventually(async () => {
      const { statusMessage } = await db.deployment.findUniqueOrThrow({ where: { id: row.id } });
      return statusMessage?.includes('lost') === true ? statusMessage : undefined;
    }, 200_000);
    expect(told).toContain('while the target was observed');
    expect(begun.get(`look ${row.id}`)).toBe(3);
    expect((await handleOf(row).describe()).status.name).toBe('RUNNING');
  });

  it('ends a run as failed, with that reason, after three [A-PIPE-05, A-CORE-10]', async () => {
    const { db } = database;
    const pipelineId = await lost();
    expect(begun.get(pipelineId)).toBe(3);
    const ended = await db.pipeline.findUniqueOrThrow({ where: { id: pipelineId } });
    expect(ended.status).toBe('failure');
    expect(ended.error).toContain('lost 3 times in a row while the run was prepared');
  });

  it('is not a step that only waited for its place when they were lost: it has its turn [A-PIPE-05]', async () => {
    const pipelineId = await waited();
    expect(begun.get(`step ${pipelineId}`)).toBe(4);
    const ended = await database.db.pipeline.findUniqueOrThrow({ where: { id: pipelineId } });
    expect(ended.error).toBeNull();
  });

  it('ends the step that it is, third in a row, and not the one before or the run beside it [A-PIPE-05, A-CORE-10]', async () => {
    const { db } = database;
    const pipelineId = await lostInARow();
    expect(asked).toEqual(['only deadly after', 'deadly after', 'deadly after']);
    const ended = await db.pipeline.findUniqueOrThrow({ where: { id: pipelineId } });
    expect(ended.status).toBe('failure');
    expect(ended.error).toMatch(/^deadly: the worker was lost 3 times in a row while the step ran/);
    const steps = await db.pipelineStep.findMany({
      where: { pipelineId },
      orderBy: { stepOrder: 'asc' },
    });
    expect(steps.map(({ status }) => status)).toEqual(['success', 'failure', 'skipped']);
  });

  it('does not hold up the end of a run that is cancelled [A-PIPE-05, A-CORE-10]', async () => {
    const { db } = database;
    const { pipelineId } = await makeRunRows(db);
    await db.pipeline.update({ where: { id: pipelineId }, data: { status: 'pending' } });
    const run = await db.pipeline.findUniqueOrThrow({ where: { id: pipelineId } });
    deadly.add(pipelineId);
    const { projectId, changeId } = run;
    const handle = await host.client.workflow.start('pipelineRunWorkflow', {
      workflowId: `cancelled-run-${pipelineId}`,
      taskQueue: taskQueues.core,
      args: [{ pipelineId, projectId, changeId }],
    });
    await eventually(async () => (begun.get(pipelineId) === 1 ? true : undefined), 60_000);
    const asked = { cancelRequestedAt: new Date(), cancelReason: 'no longer needed' };
    await db.pipeline.update({ where: { id: pipelineId }, data: asked });
    await handle.signal('cancelRun', { reason: 'no longer needed' });
    await handle.result();
    expect(begun.get(pipelineId)).toBe(1);
    expect(await db.pipeline.findUniqueOrThrow({ where: { id: pipelineId } })).toMatchObject({
      status: 'cancelled',
    });
  });
});
