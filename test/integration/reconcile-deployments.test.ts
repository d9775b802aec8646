import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createDeploymentReconcile } from '../../activities/reconcile/deployments.ts';
import { retryCommands } from '../../activities/reconcile/retry-commands.ts';
import { deploymentWorkflowId } from '../../contracts/deploy/ids.ts';
import { publishEvent } from '../../domain/event/publish-event.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import type { Deployment } from '../../prisma/generated/client.ts';
import { createTestProject, createTestUser } from '../support/callers.ts';
import {
  type EntityHost,
  makeDeployment,
  makeOpenSync,
  openEntityHost,
} from '../support/entity-steps.ts';
import { eventually } from '../support/eventually.ts';
import { reconcilerUnderTest } from '../support/reconcile-steps.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

jest.setTimeout(180_000);

let database: TestDatabase;
let host: EntityHost;
let ownerId: string;
let projectId: string;
let reconciler: ReturnType<typeof reconcilerUnderTest>;
/** deployments whose planning is written down as done */
const served = new Set<string>();

beforeAll(async () => {
  database = await createTestDatabase();
  ownerId = (await createTestUser(database.db)).id;
  host = await openEntityHost(database.db, async (id) => {
    if (!served.has(id)) return;
    const { generation } = await database.db.deployment.findUniqueOrThrow({ where: { id } });
    await database.db.deployment.update({
      where: { id },
      data: { observedGeneration: generation },
    });
  });
});
afterAll(async () => {
  await host.close();
  await database.drop();
});
beforeEach(async () => {
  projectId = (await createTestProject(database.db, ownerId)).id;
  reconciler = reconcilerUnderTest(database.db, host.client);
});

/** One pass over all environments, as the workflow makes it, without its wait. */
async function pass(): Promise<void> {
  const activities = createDeploymentReconcile(reconciler.deps());
  const { mismatches } = await activities.findDeploymentMismatches({ after: null });
  await activities.repairDeploymentMismatches({ mismatches });
}

const handleOf = (row: Deployment) =>
  host.client.workflow.getHandle(deploymentWorkflowId(row.projectId, row.environment));
const engineStatusOf = async (row: Deployment) => (await handleOf(row).describe()).status.name;
/** The engine's index knows of it, or of its end: it lags behind, and a pass goes by it. */
const listed = (row: Deployment, isRunning = true) =>
  eventually(async () => {
    const running = await reconciler.deps().entities.listRunning();
    const isListed = running.some((one) => one.projectId === row.projectId);
    return isListed === isRunning ? true : undefined;
  }, 60_000);

async function entityOf(row: Deployment): Promise<void> {
  await reconciler.deps().entities.wake(row.id);
  await host.atRest(row);
  await listed(row);
}

describe('a pass over environments and their entities', () => {
  it('starts the entity of a row that has none, once, with one event and one warning [A-REC-01] [A-REC-02]', async () => {
    const row = await makeDeployment(database.db, projectId);
    await pass();
    expect(await engineStatusOf(row)).toBe('RUNNING');
    expect(reconciler.mismatches('deployment_id', row.id)).toMatchObject([
      { fields: { kind: 'deployment', db_status: 'healthy', engine_status: 'missing' } },
    ]);
    expect(await reconciler.repairs('deploymentId', row.id)).toMatchObject([
      { subjectId: row.id, projectId, payload: { kind: 'deployment', engineStatus: 'missing' } },
    ]);
    await host.atRest(row);
    await pass();
    expect(await reconciler.repairs('deploymentId', row.id)).toHaveLength(1);
    await handleOf(row).terminate('by hand');
    await listed(row, false);
    await pass();
    expect(await engineStatusOf(row)).toBe('RUNNING');
    expect(await reconciler.repairs('deploymentId', row.id)).toHaveLength(2);
  });

  it('leaves an environment alone that was just set up: its start is on its way [A-REC-03]', async () => {
    const row = await makeDeployment(database.db, projectId, { createdAt: new Date() });
    await pass();
    await expect(handleOf(row).describe()).rejects.toThrow();
    expect(await reconciler.repairs('deploymentId', row.id)).toEqual([]);
  });

  it('settles a sync that its entity knows nothing of, and closes its gate [A-REC-01]', async () => {
    const row = await makeDeployment(database.db, projectId, { currentStatus: 'syncing' });
    await entityOf(row);
    const sync = await makeOpenSync(database.db, row);
    const gate = await database.db.gate.create({
      data: {
        id: newId('gate'),
        subjectType: 'deployment',
        subjectId: sync.id,
        step: 'sync',
        workflowId: 'none',
        projectId,
        changeId: newId('change'),
        target: 'production',
        permission: 'deploy:promote',
        quorum: 1,
      },
    });
    await pass();
    expect(
      await database.db.deploymentSync.findUniqueOrThrow({ where: { id: sync.id } }),
    ).toMatchObject({ status: 'superseded', finishedAt: expect.any(Date) });
    const shown = await database.db.deployment.findUniqueOrThrow({ where: { id: row.id } });
    expect(shown.currentStatus).toBe('pending');
    const closed = await database.db.gate.findUniqueOrThrow({ where: { id: gate.id } });
    expect(closed.status).toBe('void');
    expect(reconciler.mismatches('sync_id', sync.id)).toHaveLength(1);
    expect(await reconciler.repairs('syncId', sync.id)).toMatchObject([
      { payload: { kind: 'sync', dbStatus: 'running', engineStatus: 'idle' } },
    ]);
    await pass();
    expect(await reconciler.repairs('syncId', sync.id)).toHaveLength(1);
  });

  it('wakes an entity that has not heard of a new desired state, until it has [A-REC-01]', async () => {
    const row = await makeDeployment(database.db, projectId, { generation: 2 });
    await entityOf(row);
    const before = host.planned.filter((id) => id === row.id).length;
    served.add(row.id);
    await pass();
    await eventually(async () => {
      const { observedGeneration } = await database.db.deployment.findUniqueOrThrow({
        where: { id: row.id },
      });
      return observedGeneration === 2 ? true : undefined;
    }, 60_000);
    expect(host.planned.filter((id) => id === row.id).length).toBeGreaterThan(before);
    expect(await reconciler.repairs('deploymentId', row.id)).toMatchObject([
      { payload: { kind: 'deployment', engineStatus: 'idle' } },
    ]);
    await pass();
    expect(await reconciler.repairs('deploymentId', row.id)).toHaveLength(1);
  });

  it('ends an entity whose row is gone [A-REC-01]', async () => {
    const row = await makeDeployment(database.db, projectId);
    await entityOf(row);
    await database.db.deployment.delete({ where: { id: row.id } });
    await pass();
    expect(await engineStatusOf(row)).toBe('TERMINATED');
    expect(reconciler.mismatches('project_id', projectId)).toMatchObject([
      { fields: { kind: 'orphan', db_status: 'missing', engine_status: 'running' } },
    ]);
    const told = await database.db.event.findMany({
      where: { type: 'engine.state_repaired', projectId },
    });
    expect(told).toMatchObject([{ payload: { kind: 'orphan', environment: 'production' } }]);
  });

  it('asks the engine once what runs, however many environments there are [A-REC-01]', async () => {
    const projects = Array.from({ length: 205 }, (_, at) => ({
      id: newId('project'),
      ownerId,
      at,
    }));
    await database.db.project.createMany({
      data: projects.map(({ at, ...row }) => ({ ...row, name: `many-${String(at)}` })),
    });
    const row = { imageRef: 'registry.example/app:1', currentStatus: 'healthy' };
    const rows = projects.map(({ id, at }) => ({
      ...row,
      namespace: `app-${String(at)}`,
      projectId: id,
      environment: 'production',
    }));
    await database.db.deployment.createMany({
      data: rows.map((one) => ({ ...one, id: newId('deployment') })),
    });
    const real = reconciler.deps();
    let asked = 0;
    const activities = createDeploymentReconcile({
      ...real,
      entities: {
        ...real.entities,
        listRunning: async () => {
          asked += 1;
          return [...(await real.entities.listRunning()), ...rows];
        },
      },
    });
    const found = await activities.findDeploymentMismatches({ after: null });
    expect(found).toMatchObject({ next: null });
    expect(found.checked).toBeGreaterThan(205);
    expect(asked).toBe(1);
    await database.db.project.deleteMany({ where: { id: { in: projects.map(({ id }) => id) } } });
  });

  it('says nothing of an entity that cannot be asked, and goes on with the others [A-REC-03]', async () => {
    const silent = await makeDeployment(database.db, projectId);
    const other = await makeDeployment(database.db, projectId, { environment: 'staging' });
    const real = reconciler.deps();
    const activities = createDeploymentReconcile({
      ...real,
      entities: {
        ...real.entities,
        describe: (key) =>
          key.environment === silent.environment && key.projectId === projectId
            ? Promise.reject(new Error('no answer'))
            : real.entities.describe(key),
      },
    });
    const found = await activities.findDeploymentMismatches({ after: null });
    await activities.repairDeploymentMismatches({ mismatches: found.mismatches });
    await expect(handleOf(silent).describe()).rejects.toThrow();
    expect(await engineStatusOf(other)).toBe('RUNNING');
  });
});

describe('commands that the outbox gave up', () => {
  it.each(['mr.reopened', 'project.deleted', 'pipeline.completed'] as const)(
    'are delivered again, be it %s: what it does to a preview may come late, and twice [A-REC-01]',
    async (type) => {
      const { db } = database;
      const ofRequest = { title: 'x', authorId: ownerId, headSha: 'a', baseSha: null };
      const branches = { sourceBranch: 'topic', targetBranch: 'main' };
      const payload = { ...ofRequest, ...branches, number: 1, status: 'success' };
      const eventId = await inTransaction(db, (tx) =>
        publishEvent(tx, { type, projectId, subjectId: 'of-none', payload }),
      );
      const letter = newId('deadLetter');
      await db.eventDeadLetter.create({
        data: {
          id: letter,
          consumer: 'core',
          eventId,
          error: 'x',
          attempts: 5,
          nextTryAt: new Date(),
        },
      });
      await retryCommands(reconciler.deps())();
      expect(await db.eventDeadLetter.count({ where: { id: letter } })).toBe(0);
      expect(await reconciler.repairs('eventId', eventId)).toMatchObject([
        { payload: { command: type } },
      ]);
    },
  );
});
