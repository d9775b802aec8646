import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createSecretBox } from '../../adapters/secret-box/secret-box.ts';
import { dataConverter as converterOf } from '../../adapters/temporal/data-converter.ts';
import { createPipelineRecords } from '../../activities/pipeline/index.ts';
import { decideGateSignal } from '../../contracts/gate/messages.ts';
import { pipelineRunWorkflowId } from '../../contracts/pipeline/ids.ts';
import {
  cancelRunSignal,
  pauseRunSignal,
  resumeRunSignal,
  runStateQuery,
} from '../../contracts/pipeline/messages.ts';
import type { RunStepsInput } from '../../contracts/pipeline/activities.ts';
import type { PipelinePlan, StepPlan } from '../../contracts/pipeline/types.ts';
import { taskQueues } from '../../contracts/task-queues.ts';
import { beginRun } from '../../domain/pipeline/begin-run.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { startPipelineRun, wakeAtGate, wakePipelineRun } from '../../launch/pipeline.ts';
import { createTestProject, createTestUser } from '../support/callers.ts';
import { eventually } from '../support/eventually.ts';
import { makeRun } from '../support/notify-steps.ts';
import { testNamespace } from '../support/temporal.ts';
import { bindTestRole } from '../support/test-api.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { bundleWorkflows } from '../support/workflow-bundle.mjs';

jest.setTimeout(240_000);

const hostQueue = 'build-of-run-signals';

function step(name: string, needs: string[], gate: StepPlan['gate'] = null): StepPlan {
  return {
    ...{ name, needs, gate, kind: gate === null ? 'command' : 'gate' },
    ...{ image: 'node:20', commands: [], env: {}, secrets: [], artifacts: [], network: 'none' },
    ...{ retries: 0, timeoutMs: 60_000, skipReason: null, allowFailure: false },
  };
}
const asked = { approvals: 2, by: 'deploy:promote', expiresMs: 3_600_000 } as const;
const plan = {
  steps: [step('build', []), step('approve', ['build'], asked), step('ship', ['approve'])],
  deploy: [],
} as unknown as PipelinePlan;

let database: TestDatabase;
let client: Client;
/** somebody who reaches Temporal and has no key of ours */
let stranger: Client;
let close: () => Promise<void>;
let projectId: string;
/** steps that ran */
let ran: string[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  projectId = (await createTestProject(db, (await createTestUser(db)).id)).id;
  const { address, namespace } = await testNamespace();
  const connection = await NativeConnection.connect({ address });
  const box = createSecretBox({ kind: 'key', bytes: Buffer.alloc(32, 5), origin: 'configured' });
  const dataConverter = converterOf(box, 'worker');
  const connected = { connection: await Connection.connect({ address }), namespace };
  client = new Client({ ...connected, dataConverter: converterOf(box, 'client') });
  stranger = new Client(connected);
  const activities = {
    ...createPipelineRecords(db),
    preparePipeline: async ({ pipelineId }: { pipelineId: string }) =>
      (await beginRun(db, pipelineId, plan)) ? { plan, hostQueue } : null,
    runSteps: ({ steps }: RunStepsInput) => {
      ran.push(...steps.map(({ name }) => name));
      const passed = { status: 'success', exitCode: 0, reason: null, durationMs: 1 };
      return Promise.resolve({
        results: steps.map(({ name }) => ({ ...passed, step: name })),
        ended: null,
      });
    },
    removeWorkspace: () => Promise.resolve(),
  };
  const workflowBundle = await bundleWorkflows();
  const workers = await Promise.all(
    [taskQueues.core, taskQueues.build, hostQueue].map((taskQueue) =>
      Worker.create({
        ...{ connection, namespace, taskQueue, activities, dataConverter },
        ...(taskQueue === taskQueues.core ? { workflowBundle } : {}),
      }),
    ),
  );
  const running = Promise.all(workers.map((worker) => worker.run()));
  close = async () => {
    for (const worker of workers) worker.shutdown();
    await running;
    await client.connection.close();
    await connection.close();
  };
});
afterAll(async () => {
  await close();
  await database.drop();
});

const handleOf = (pipelineId: string) =>
  client.workflow.getHandle(pipelineRunWorkflowId(pipelineId));
const rowOf = (id: string) => database.db.pipeline.findUniqueOrThrow({ where: { id } });
const stateWhen = (pipelineId: string, name: string, status: string) =>
  eventually(async () => {
    const { steps } = await handleOf(pipelineId).query(runStateQuery);
    return steps.some((one) => one.name === name && one.status === status) || undefined;
  }, 60_000);

async function started(ofProject = projectId): Promise<string> {
  ran = [];
  const { id, changeId } = await makeRun(database.db, ofProject, { status: 'pending' });
  await startPipelineRun(client, { pipelineId: id, projectId: ofProject, changeId }, 'a run');
  return id;
}

async function atGate(): Promise<{ run: string; gateId: string }> {
  const run = await started();
  const where = { subjectId: run };
  const gate = await eventually(
    async () => (await database.db.gate.findFirst({ where })) ?? undefined,
    60_000,
  );
  return { run, gateId: gate.id };
}

/** What the use-case leaves in the rows. */
async function say(gateId: string, decision: string): Promise<void> {
  const deciderId = (await createTestUser(database.db)).id;
  await bindTestRole(database.db, deciderId, 'admin');
  const data = { id: newId('decision'), gateId, deciderId, decision, reason: null };
  await database.db.gateDecision.create({ data });
}

/** Long enough for a workflow to have done what it would do. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 1500));

describe('a run that is signalled', () => {
  it('passes no gate on decisions that stand in signals only, and passes it on those in rows [A-PIPE-03]', async () => {
    const { run, gateId } = await atGate();
    for (const deciderId of ['usr_one', 'usr_two', 'usr_three']) {
      const forged = { gateId, deciderId, decision: 'approve', reason: null } as const;
      await handleOf(run).signal(decideGateSignal, forged);
    }
    await say(gateId, 'approve');
    await handleOf(run).signal(decideGateSignal);
    await aWhile();
    const where = { id: gateId };
    expect(await database.db.gate.findUnique({ where })).toMatchObject({ status: 'open' });
    await stateWhen(run, 'approve', 'waiting');
    expect(ran).toEqual(['build']);
    await say(gateId, 'approve');
    await wakeAtGate(client, pipelineRunWorkflowId(run));
    expect(await handleOf(run).result()).toEqual({ status: 'success' });
    expect(ran).toEqual(['build', 'ship']);
    expect(await database.db.gate.findUnique({ where })).toMatchObject({ status: 'approved' });
  });

  it('is neither cancelled, nor paused, nor let go on by a signal alone [A-PIPE-03]', async () => {
    const { run, gateId } = await atGate();
    await handleOf(run).signal('cancelRun', { reason: 'forged' });
    await handleOf(run).signal(pauseRunSignal);
    await aWhile();
    expect(await rowOf(run)).toMatchObject({ status: 'running', isPaused: false });
    await database.db.pipeline.update({ where: { id: run }, data: { pauseRequested: true } });
    await wakePipelineRun(client, run, 'pause');
    await eventually(async () => (await rowOf(run)).isPaused || undefined, 60_000);
    await handleOf(run).signal(resumeRunSignal);
    await say(gateId, 'approve');
    await say(gateId, 'approve');
    await wakeAtGate(client, pipelineRunWorkflowId(run));
    await stateWhen(run, 'approve', 'success');
    await aWhile();
    expect(ran).toEqual(['build']);
    await database.db.pipeline.update({ where: { id: run }, data: { pauseRequested: false } });
    await wakePipelineRun(client, run, 'resume');
    expect(await handleOf(run).result()).toEqual({ status: 'success' });
  });

  it('ends as cancelled when its row says so by the time it ends, whatever woke it [A-PIPE-03]', async () => {
    const data = { cancelRequestedAt: new Date(), cancelReason: 'wrong branch' };
    const { run } = await atGate();
    await database.db.pipeline.update({ where: { id: run }, data });
    await handleOf(run).signal(cancelRunSignal);
    expect(await handleOf(run).result()).toEqual({ status: 'cancelled' });
    expect(await rowOf(run)).toMatchObject({ status: 'cancelled' });
    const where = { subjectId: run };
    expect(await database.db.gate.findFirst({ where })).toMatchObject({ status: 'void' });
  });

  it('goes on as if nobody had called when a stranger sends plain payloads, or what was sealed for another run [A-PIPE-03] [A-SEC-01]', async () => {
    const { run, gateId } = await atGate();
    const forged = { gateId, deciderId: 'usr_one', decision: 'reject', reason: null } as const;
    const id = pipelineRunWorkflowId(run);
    await stranger.workflow.getHandle(id).signal(decideGateSignal, forged);
    await stranger.workflow.getHandle(id).signal('cancelRun', { reason: 'forged' });
    // of another project: a newer run of the same branch would end the gate of this one
    const elsewhere = await createTestProject(database.db, (await createTestUser(database.db)).id);
    const { events } = await handleOf(await started(elsewhere.id)).fetchHistory();
    const [captured] = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    expect(Buffer.from(captured?.data ?? []).toString('latin1')).not.toContain('run_');
    await stranger.workflowService.signalWorkflowExecution({
      namespace: stranger.options.namespace,
      workflowExecution: { workflowId: id },
      ...{ signalName: 'decideGate', input: { payloads: [captured ?? {}] } },
    });
    // the reason is for us: to whoever has no key it is sealed, unless the worker refused before it had a context
    await expect(
      stranger.workflow.getHandle(id).query(runStateQuery, ...([{}] as unknown as [])),
    ).rejects.toThrow(/did not seal a query|Encoded failure/);
    await aWhile();
    expect(await rowOf(run)).toMatchObject({ status: 'running' });
    for (const decision of ['approve', 'approve']) await say(gateId, decision);
    await wakeAtGate(client, id);
    expect(await handleOf(run).result()).toEqual({ status: 'success' });
  });

  it('does not begin by the word of a stranger [A-SEC-01]', async () => {
    const { id, changeId } = await makeRun(database.db, projectId, { status: 'pending' });
    const started = await stranger.workflow.start('pipelineRunWorkflow', {
      workflowId: pipelineRunWorkflowId(id),
      taskQueue: taskQueues.core,
      args: [{ pipelineId: id, projectId, changeId }],
    });
    await expect(started.result()).rejects.toThrow();
    expect(await rowOf(id)).toMatchObject({ status: 'pending' });
  });
});
