import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { createDeployRecords } from '../../activities/deploy/index.ts';
import { createPipelineRecords } from '../../activities/pipeline/index.ts';
import { deploymentWorkflowId } from '../../contracts/deploy/ids.ts';
import {
  abortSyncSignal,
  desiredChangedSignal,
  deploymentStateQuery,
} from '../../contracts/deploy/messages.ts';
import { decideGateSignal } from '../../contracts/gate/messages.ts';
import { taskQueues } from '../../contracts/task-queues.ts';
import { beginSync } from '../../domain/deploy/begin-sync.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { storeRevision } from '../../domain/deploy/store-revision.ts';
import { wakeDeployment, wakeToAbort } from '../../launch/deploy.ts';
import type { Deployment } from '../../prisma/generated/client.ts';
import { createTestProject, createTestUser } from '../support/callers.ts';
import { type EntityHost, makeDeployment, openEntityHost } from '../support/entity-steps.ts';
import { eventually } from '../support/eventually.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { bindTestRole } from '../support/test-api.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

jest.setTimeout(240_000);

const wave = { phase: 'Sync', wave: 0 } as const;
const store = createMemoryStore();

let database: TestDatabase;
let host: EntityHost;
let ownerId: string;
let row: Deployment;
/** what was done at the target, and whether a revert was opened */
let done: string[];
let planning: Promise<void>;
let applying: () => Promise<void>;
let watching: () => Promise<void>;

/** Lays a sync of what is desired out, as planning does. */
async function lay(deploymentId: string) {
  const { db } = database;
  const now = await db.deployment.findUniqueOrThrow({ where: { id: deploymentId } });
  const content = { manifests: [], opsRepoSha: null, commitSha: 'a'.repeat(40) };
  const revision = await storeRevision(db, store, now, content);
  const { id, number, generation } = await beginSync(db, now, {
    ...{ revision, sourceSha: null, action: 'deploy', replicas: null, previousReplicas: null },
    ...{ secretVersions: new Map(), waves: [], prune: [] },
  });
  return { syncId: id, number, generation, revisionId: revision.id };
}

beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  ownerId = (await createTestUser(db)).id;
  await bindTestRole(db, ownerId, 'admin');
  const note = (what: string) => () => Promise.resolve(void done.push(what));
  const { openGate, settleGate, closeGate } = createPipelineRecords(db);
  host = await openEntityHost(db, undefined, {
    ...{ openGate, settleGate, closeGate },
    ...createDeployRecords({ db, store, openRevert: note('revert') }),
    planSync: async ({ deploymentId }) => {
      await planning;
      const laid = await lay(deploymentId);
      const prune = { count: 0, needsPerson: false };
      return {
        kind: 'planned',
        ...laid,
        revisionNumber: 1,
        action: 'deploy',
        waves: [wave],
        prune,
      };
    },
    applyWave: async () => {
      await applying();
      done.push('apply');
    },
    undoWave: note('undo'),
    awaitUndone: () => Promise.resolve({ healthy: true }),
    awaitWave: async () => {
      await watching();
      return { healthy: true };
    },
    removeAll: note('remove'),
  });
});
afterAll(async () => {
  await host.close();
  await database.drop();
});

beforeEach(async () => {
  done = [];
  planning = Promise.resolve();
  applying = () => Promise.resolve();
  watching = () => Promise.resolve();
  const { id } = await createTestProject(database.db, ownerId);
  row = await makeDeployment(database.db, id, { observedGeneration: 0, bakeSeconds: 0 });
});

const handle = () =>
  host.client.workflow.getHandle(deploymentWorkflowId(row.projectId, row.environment));
const wake = () => {
  const { id: deploymentId, projectId, environment, changeId } = row;
  return wakeDeployment(host.client, { deploymentId, projectId, environment, changeId }, 'app');
};
const startPreview = () => {
  const { id: deploymentId, projectId, environment, namespace } = row;
  const place = { target: 'local', environment, namespace } as const;
  return host.client.workflow.start('deploymentWorkflow', {
    workflowId: `preview-of-${deploymentId}`,
    taskQueue: taskQueues.core,
    args: [{ deploymentId, projectId, preview: place }],
  });
};
const phaseWhen = (phase: string) =>
  eventually(async () => {
    const state = await handle().query(deploymentStateQuery);
    return state.phase === phase ? true : undefined;
  }, 60_000);
const syncWhen = (status: string) =>
  eventually(async () => {
    const where = { deploymentId: row.id, status };
    return (await database.db.deploymentSync.findFirst({ where })) ?? undefined;
  }, 60_000);

/** What the use-case leaves in the rows, without the caller that it asks for. */
async function approve(gateId: string): Promise<void> {
  const { db } = database;
  const said = { decision: 'approve', reason: null };
  await db.gateDecision.create({
    data: { id: newId('decision'), gateId, deciderId: ownerId, ...said },
  });
}

describe('the workflow of an environment', () => {
  it('ends a rollout that is aborted at its gate before anything was touched, and blames no revision [A-DEP-08]', async () => {
    const { db } = database;
    await db.deployment.update({ where: { id: row.id }, data: { approvals: 1 } });
    await wake();
    const { id } = await syncWhen('waiting');
    const gateOf = () => db.gate.findFirst({ where: { subjectId: id } });
    await eventually(async () => ((await gateOf())?.status === 'open' ? true : undefined), 60_000);
    const reason = 'Ann thought better of it';
    await db.deploymentSync.update({
      where: { id },
      data: { abortRequestedAt: new Date(), abortReason: reason },
    });
    await wakeToAbort(host.client, row);
    expect(await syncWhen('rejected')).toMatchObject({ reason });
    expect(await gateOf()).toMatchObject({ status: 'void' });
    expect(done).toEqual([]);
    const [revision] = await db.deploymentRevision.findMany({ where: { deploymentId: row.id } });
    expect(revision?.status).toBe('rendered');
  });

  it('takes no abort and no decision from a signal: only what its rows say counts [A-DEP-11] [A-DEP-08]', async () => {
    const { db } = database;
    await db.deployment.update({ where: { id: row.id }, data: { approvals: 1 } });
    await wake();
    const { id } = await syncWhen('waiting');
    const gateOf = () => db.gate.findFirst({ where: { subjectId: id } });
    const gate = await eventually(async () => (await gateOf()) ?? undefined, 60_000);
    const says = { gateId: gate.id, deciderId: 'usr_anybody', reason: 'forged' } as const;
    await handle().signal(abortSyncSignal, { reason: 'forged' });
    await handle().signal(decideGateSignal, { ...says, decision: 'void' });
    for (const deciderId of ['usr_one', 'usr_two'])
      await handle().signal(decideGateSignal, { ...says, deciderId, decision: 'approve' });
    await handle().query(deploymentStateQuery);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await gateOf()).toMatchObject({ status: 'open' });
    expect(await handle().query(deploymentStateQuery)).toMatchObject({ phase: 'waiting' });
    expect(done).toEqual([]);
    await approve(gate.id);
    await handle().signal(decideGateSignal);
    await syncWhen('succeeded');
    expect(done).toEqual(['apply']);
  });

  it('undoes what was aborted in the moment in which it was done: the abort was accepted [A-DEP-08]', async () => {
    const { db } = database;
    watching = async () => {
      const where = { deploymentId: row.id };
      const data = { abortRequestedAt: new Date(), abortReason: 'Ann saw errors' };
      await db.deploymentSync.updateMany({ where, data });
    };
    await wake();
    expect(await syncWhen('undone')).toMatchObject({ reason: 'Ann saw errors' });
    await eventually(() => Promise.resolve(done.includes('revert') || undefined), 60_000);
    expect(done).toEqual(['apply', 'undo', 'revert']);
  });

  it('holds before its first wave when it is paused while it plans [A-DEP-03]', async () => {
    const { db } = database;
    let planned: () => void = () => undefined;
    planning = new Promise((resolve) => (planned = resolve));
    await wake();
    await phaseWhen('planning');
    await db.deployment.update({ where: { id: row.id }, data: { isPaused: true } });
    await handle().signal(desiredChangedSignal);
    planned();
    await phaseWhen('paused');
    expect(done).toEqual([]);
    await db.deployment.update({ where: { id: row.id }, data: { isPaused: false } });
    await handle().signal(desiredChangedSignal);
    await syncWhen('succeeded');
    expect(done).toEqual(['apply']);
  });

  it('opens the gate of what it planned for when that came while it planned [A-DEP-03] [A-DEP-11]', async () => {
    const { db } = database;
    let planned: () => void = () => undefined;
    planning = new Promise((resolve) => (planned = resolve));
    await wake();
    await phaseWhen('planning');
    const changed = { generation: { increment: 1 }, approvals: 1 };
    await db.deployment.update({ where: { id: row.id }, data: changed });
    await handle().signal(desiredChangedSignal);
    planned();
    expect(await syncWhen('waiting')).toMatchObject({ generation: 2 });
    expect(done).toEqual([]);
  });

  it('of a preview takes itself down when it is cancelled while it watches a wave, and calls nothing bad [A-DEP-14]', async () => {
    const { db } = database;
    let isWatched = false;
    watching = async () => {
      isWatched = true;
      const context = Context.current();
      for (;;) {
        context.heartbeat();
        await context.sleep(200);
      }
    };
    const started = await startPreview();
    await eventually(() => Promise.resolve(isWatched || undefined), 60_000);
    await started.cancel();
    await expect(started.result()).rejects.toThrow(/cancelled/i);
    expect(done).toEqual(['apply', 'remove']);
    expect(await db.deployment.findUnique({ where: { id: row.id } })).toBeNull();
  });

  it('of a preview takes down what was being applied when it was cancelled, too [A-DEP-14]', async () => {
    let isApplying = false;
    applying = async () => {
      isApplying = true;
      // heeds no cancellation, as a request that is under way does not
      const end = Date.now() + 3000;
      while (Date.now() < end) {
        Context.current().heartbeat();
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    const started = await startPreview();
    await eventually(() => Promise.resolve(isApplying || undefined), 60_000);
    await started.cancel();
    await expect(started.result()).rejects.toThrow(/cancelled/i);
    await eventually(() => Promise.resolve(done.length === 2 || undefined), 60_000);
    expect(done).toEqual(['apply', 'remove']);
  });

  it('of a preview leaves nothing behind when it fails [A-DEP-14]', async () => {
    planning = Promise.reject(ApplicationFailure.nonRetryable('no way to go on'));
    const started = await startPreview();
    await expect(started.result()).rejects.toThrow();
    expect(done).toEqual(['remove']);
    expect(await database.db.deployment.findUnique({ where: { id: row.id } })).toBeNull();
  });
});
