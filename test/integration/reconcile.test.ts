import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createReconcileActivities } from '../../activities/reconcile/index.ts';
import { createSecretBox } from '../../adapters/secret-box/secret-box.ts';
import { connectTemporal, type TemporalClient } from '../../adapters/temporal/connect-temporal.ts';
import { dataConverter } from '../../adapters/temporal/data-converter.ts';
import { pipelineRunWorkflowId } from '../../contracts/pipeline/ids.ts';
import type { EngineRun } from '../../contracts/reconcile/types.ts';
import { startPipelineRun } from '../../launch/pipeline.ts';
import { describePipelineRun } from '../../launch/reconcile.ts';
import { createTestProject, createTestUser } from '../support/callers.ts';
import { makeGate, makeRun } from '../support/notify-steps.ts';
import { testNamespace } from '../support/temporal.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

jest.setTimeout(240_000);

let database: TestDatabase;
let temporal: TemporalClient;
let projectId: string;
let warned: { message: string; fields: Record<string, unknown> }[] = [];
let started: string[] = [];
/** what the engine says of a run; a run that is not here is asked for at the real one */
const said = new Map<string, EngineRun | Error>();

beforeAll(async () => {
  database = await createTestDatabase();
  const box = createSecretBox({ kind: 'key', bytes: Buffer.alloc(32, 3), origin: 'configured' });
  temporal = connectTemporal(await testNamespace(), {
    dataConverter: dataConverter(box, 'client'),
  });
  const owner = await createTestUser(database.db);
  projectId = (await createTestProject(database.db, owner.id)).id;
});
afterAll(async () => {
  await temporal.close();
  await database.drop();
});

/** One pass, as the workflow makes it, without its wait. */
async function pass(): Promise<{ checked: number; repaired: number }> {
  warned = [];
  started = [];
  const activities = createReconcileActivities({
    db: database.db,
    log: {
      warn: (fields: object, message: string) =>
        warned.push({ message, fields: fields as Record<string, unknown> }),
    },
    describeRun: (id) => {
      const known = said.get(id);
      if (known instanceof Error) return Promise.reject(known);
      return known === undefined
        ? describePipelineRun(temporal.client, id)
        : Promise.resolve(known);
    },
    startRun: (id) => {
      started.push(id);
      return Promise.resolve();
    },
    // of environments, which have tests of their own
    entities: {} as Parameters<typeof createReconcileActivities>[0]['entities'],
    previews: {} as Parameters<typeof createReconcileActivities>[0]['previews'],
    consumers: {},
  });
  const { checked, mismatches } = await activities.findMismatches({ after: null });
  return { checked, ...(await activities.repairMismatches({ mismatches })) };
}

const statusOf = async (id: string) =>
  (await database.db.pipeline.findUniqueOrThrow({ where: { id } })).status;
const repairs = (id: string) =>
  database.db.event.findMany({
    where: { type: 'engine.state_repaired', payload: { path: ['pipelineId'], equals: id } },
  });
const mismatches = () => warned.filter(({ message }) => message === 'state_mismatch');
const old = (id: string) =>
  database.db.pipeline.update({
    where: { id },
    data: { createdAt: new Date(Date.now() - 120_000) },
  });

describe('a pass of the reconciler', () => {
  it('gives a step the state that the engine has, with one warning and one event, and then finds nothing [A-REC-01] [A-REC-02]', async () => {
    const run = await makeRun(database.db, projectId, {
      status: 'running',
      steps: { build: 'running', test: 'running' },
    });
    said.set(run.id, {
      state: 'running',
      steps: [
        { name: 'build', status: 'success' },
        { name: 'test', status: 'running' },
      ],
    });
    expect(await pass()).toEqual({ checked: 1, repaired: 1 });
    const steps = await database.db.pipelineStep.findMany({
      where: { pipelineId: run.id },
      orderBy: { stepOrder: 'asc' },
    });
    expect(steps.map((step) => step.status)).toEqual(['success', 'running']);
    expect(mismatches()).toEqual([
      {
        message: 'state_mismatch',
        fields: {
          pipeline_id: run.id,
          step_id: steps[0]?.id,
          db_status: 'running',
          engine_status: 'success',
          wm_status: 'success',
        },
      },
    ]);
    expect(await repairs(run.id)).toMatchObject([
      { subjectId: steps[0]?.id, payload: { kind: 'step', step: 'build', dbStatus: 'running' } },
    ]);
    expect(await pass()).toEqual({ checked: 1, repaired: 0 });
    expect(mismatches()).toEqual([]);
    said.set(run.id, { state: 'ended', status: 'success' });
    await pass();
    expect(await statusOf(run.id)).toBe('success');
    expect(await repairs(run.id)).toHaveLength(2);
    expect((await pass()).checked).toBe(0);
  });

  it('fails a run whose workflow is gone or was terminated, with the reason, and voids its gates [A-REC-01]', async () => {
    const gone = await makeRun(database.db, projectId, { status: 'running' });
    const gateId = await makeGate(database.db, projectId, { pipelineId: gone.id });
    const killed = await makeRun(database.db, projectId, { status: 'running' });
    const input = { pipelineId: killed.id, projectId, changeId: killed.changeId };
    await startPipelineRun(temporal.client, input, 'a run without a worker');
    expect(await describePipelineRun(temporal.client, killed.id)).toEqual({
      state: 'running',
      steps: null,
    });
    await pass();
    expect(await statusOf(gone.id)).toBe('failure');
    expect(await statusOf(killed.id)).toBe('running');
    await temporal.client.workflow.getHandle(pipelineRunWorkflowId(killed.id)).terminate('by hand');
    await pass();
    const rows = await database.db.pipeline.findMany({
      where: { id: { in: [gone.id, killed.id] } },
      orderBy: { id: 'asc' },
    });
    expect(rows).toMatchObject([
      { status: 'failure', error: 'its workflow is gone from the engine' },
      { status: 'failure', error: 'its workflow has failed or was terminated' },
    ]);
    const gate = await database.db.gate.findUniqueOrThrow({ where: { id: gateId } });
    expect(gate.status).toBe('void');
    const completed = { type: 'pipeline.completed', subjectId: { in: [gone.id, killed.id] } };
    expect(await database.db.event.count({ where: completed })).toBe(2);
  });

  it('starts a run that has waited for its workflow, and leaves one that has just been made [A-REC-03]', async () => {
    const waiting = await makeRun(database.db, projectId, { status: 'pending' });
    const fresh = await makeRun(database.db, projectId, { status: 'pending' });
    await old(waiting.id);
    await pass();
    expect(started).toEqual([waiting.id]);
    expect(await statusOf(waiting.id)).toBe('pending');
    expect(await repairs(waiting.id)).toHaveLength(1);
    expect(await repairs(fresh.id)).toEqual([]);
    for (const { id } of [waiting, fresh]) said.set(id, { state: 'ended', status: 'cancelled' });
    await pass();
    expect(await statusOf(fresh.id)).toBe('cancelled');
  });

  it('goes on past a run that the engine does not tell of [A-REC-03]', async () => {
    const silent = await makeRun(database.db, projectId, { status: 'running' });
    const strange = await makeRun(database.db, projectId, { status: 'running' });
    const gone = await makeRun(database.db, projectId, { status: 'running' });
    said.set(silent.id, new Error('no answer'));
    said.set(strange.id, { state: 'unknown' });
    expect(await pass()).toEqual({ checked: 3, repaired: 1 });
    expect(await statusOf(silent.id)).toBe('running');
    expect(await statusOf(strange.id)).toBe('running');
    expect(await statusOf(gone.id)).toBe('failure');
    expect(mismatches()).toHaveLength(1);
  });
});
