import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createDeploymentReconcile } from '../../activities/reconcile/deployments.ts';
import { deploymentWorkflowId, previewWorkflowId } from '../../contracts/deploy/ids.ts';
import { deploymentStateQuery } from '../../contracts/deploy/messages.ts';
import { mergeRequestRunKey } from '../../domain/pipeline/run-key.ts';
import { newId } from '../../domain/shared/new-id.ts';
import type { MergeRequest, Preview, Prisma } from '../../prisma/generated/client.ts';
import { reconcileDeps } from '../../workers/reconcile-deps.ts';
import { createTestProject, createTestUser } from '../support/callers.ts';
import { type EntityHost, makeDeployment, openEntityHost } from '../support/entity-steps.ts';
import { eventually } from '../support/eventually.ts';
import { planOf } from '../support/preview-plan.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

jest.setTimeout(240_000);

let database: TestDatabase;
let host: EntityHost;
let ownerId: string;
let projectId: string;
let warned: { message: string; fields: Record<string, unknown> }[] = [];

const longAgo = new Date(Date.now() - 600_000);
const inAnHour = new Date(Date.now() + 3_600_000);

beforeAll(async () => {
  database = await createTestDatabase();
  ownerId = (await createTestUser(database.db)).id;
  host = await openEntityHost(database.db);
});
afterAll(async () => {
  await host.close();
  await database.drop();
});
beforeEach(async () => {
  projectId = (await createTestProject(database.db, ownerId)).id;
  warned = [];
});

/** What a worker would give the reconciler, with warnings that can be counted. */
function deps() {
  const log = {
    warn: (fields: object, message: string) =>
      warned.push({ message, fields: fields as Record<string, unknown> }),
  };
  return reconcileDeps({
    db: database.db,
    config: { mail: {} } as never,
    log: log as never,
    repositories: null as never,
    gitStore: null as never,
    temporal: { client: host.client } as never,
  });
}

/** One pass, as the workflow makes it, without its wait. */
async function pass(): Promise<void> {
  const activities = createDeploymentReconcile(deps());
  const { mismatches } = await activities.findDeploymentMismatches({ after: null });
  await activities.repairDeploymentMismatches({ mismatches });
}

/** A merge request that has been as it is for long. */
async function makeRequest(
  more: Partial<Prisma.MergeRequestUncheckedCreateInput> = {},
): Promise<MergeRequest> {
  const { reviews: _r, comments: _c, reverts: _v, preview: _p, deployment: _d, ...plain } = more;
  return await database.db.mergeRequest.create({
    data: {
      id: newId('mergeRequest'),
      projectId,
      number: 1,
      authorId: ownerId,
      sourceBranch: 'topic',
      targetBranch: 'main',
      title: 'topic',
      headSha: 'a'.repeat(40),
      changeId: newId('change'),
      updatedAt: longAgo,
      ...plain,
    },
  });
}

async function makeGreenRun(request: MergeRequest): Promise<string> {
  const id = newId('pipeline');
  await database.db.pipeline.create({
    data: {
      id,
      projectId,
      number: 1,
      changeId: request.changeId,
      trigger: 'mr',
      gitRef: 'refs/heads/topic',
      commitSha: request.headSha,
      dedupeKey: mergeRequestRunKey(request),
      status: 'success',
      definition: planOf() as unknown as Prisma.InputJsonValue,
      startedAt: longAgo,
      finishedAt: longAgo,
    },
  });
  return id;
}

async function makePreview(
  { id: mergeRequestId }: MergeRequest,
  more: Partial<Prisma.PreviewUncheckedCreateInput> = {},
): Promise<Preview> {
  return await database.db.preview.create({
    data: {
      mergeRequestId,
      projectId,
      status: 'up',
      ttlSeconds: 3600,
      expiresAt: inAnHour,
      createdAt: longAgo,
      updatedAt: longAgo,
      ...more,
    },
  });
}

/** Changes rows as if that had been long ago. */
async function asLongAgo(change: (tx: Prisma.TransactionClient) => Promise<unknown>) {
  await database.db.$transaction(async (tx) => {
    await tx.$executeRaw`SET LOCAL session_replication_role = replica`;
    await change(tx);
  });
}

const handleOf = ({ id }: MergeRequest) => host.client.workflow.getHandle(previewWorkflowId(id));
const engineStatusOf = async (request: MergeRequest) =>
  (await handleOf(request).describe()).status.name;
const warnings = ({ id }: MergeRequest) =>
  warned.filter(
    ({ message, fields }) => message === 'state_mismatch' && fields['merge_request_id'] === id,
  );
const repairs = ({ id }: MergeRequest) =>
  database.db.event.findMany({
    where: { type: 'engine.state_repaired', payload: { path: ['mergeRequestId'], equals: id } },
  });
const previewOf = ({ id }: MergeRequest) =>
  database.db.preview.findUnique({ where: { mergeRequestId: id } });
const deploymentOf = ({ id }: MergeRequest) =>
  database.db.deployment.findUnique({ where: { mergeRequestId: id } });

const untilStatus = (request: MergeRequest, status: string) =>
  eventually(async () => {
    const row = await previewOf(request);
    return row?.status === status ? row : undefined;
  }, 120_000);
const untilEnded = (request: MergeRequest) =>
  eventually(
    async () => ((await engineStatusOf(request)) === 'RUNNING' ? undefined : true),
    120_000,
  );
/** Its workflow and that of its deployment wait for something to happen, and will not look at their rows by themselves. */
async function atRest(request: MergeRequest): Promise<void> {
  const child = host.client.workflow.getHandle(
    deploymentWorkflowId(projectId, 'preview', request.id),
  );
  await eventually(async () => {
    const both = [await handleOf(request).describe(), await child.describe()];
    const isBusy = both.some(
      ({ raw }) => (raw.pendingActivities ?? []).length > 0 || raw.pendingWorkflowTask != null,
    );
    const { phase, generation } = await child.query(deploymentStateQuery);
    return !isBusy && phase === 'idle' && generation > 0 ? true : undefined;
  }, 120_000);
}

/** The engine's index lags behind, and a pass goes by it. */
const listed = ({ id }: MergeRequest) =>
  eventually(
    async () => ((await deps().previews.listRunning()).includes(id) ? true : undefined),
    60_000,
  );

async function expectOneRepair(request: MergeRequest, dbStatus: string, engineStatus: string) {
  const told = { kind: 'preview', dbStatus, engineStatus };
  expect(warnings(request)).toMatchObject([
    { fields: { kind: 'preview', db_status: dbStatus, engine_status: engineStatus } },
  ]);
  expect(await repairs(request)).toMatchObject([{ subjectId: request.id, payload: told }]);
}

describe('a pass over previews and their workflows', () => {
  it('gives an open merge request with a green head its preview again, once, with one event and one warning [A-REC-01] [A-REC-02]', async () => {
    const request = await makeRequest();
    const pipelineId = await makeGreenRun(request);
    await makePreview(request);
    await pass();
    await expectOneRepair(request, 'up', 'missing');
    const made = await eventually(async () => (await deploymentOf(request)) ?? undefined, 60_000);
    expect(made).toMatchObject({ pipelineId, projectId });
    await listed(request);
    await asLongAgo((tx) =>
      tx.preview.update({ where: { mergeRequestId: request.id }, data: { updatedAt: longAgo } }),
    );
    await pass();
    expect(await repairs(request)).toHaveLength(1);
    expect(await engineStatusOf(request)).toBe('RUNNING');
  });

  it.each([
    ['whose merge request is closed', { status: 'closed' }, {}],
    ['whose merge request was merged', { status: 'merged' }, {}],
    ['whose time is over', {}, { expiresAt: longAgo }],
  ])(
    'takes one down %s and whose workflow is gone [A-REC-01]',
    async (_words, ofRequest, ofPreview) => {
      const request = await makeRequest(ofRequest);
      await makePreview(request, ofPreview);
      const row = { environment: 'preview', mergeRequestId: request.id };
      await makeDeployment(database.db, projectId, row);
      await pass();
      await untilStatus(request, 'gone');
      expect(await deploymentOf(request)).toBeNull();
      await expectOneRepair(request, 'over', 'missing');
      await untilEnded(request);
      await pass();
      expect(await repairs(request)).toHaveLength(1);
    },
  );

  it('wakes a workflow that has not heard of the close [A-REC-01]', async () => {
    const request = await makeRequest();
    await makeGreenRun(request);
    await makePreview(request);
    await deps().previews.wake(request.id);
    await listed(request);
    await atRest(request);
    await asLongAgo(async (tx) => {
      await tx.mergeRequest.update({ where: { id: request.id }, data: { status: 'closed' } });
      const data = { updatedAt: longAgo };
      await tx.preview.update({ where: { mergeRequestId: request.id }, data });
    });
    await pass();
    await untilStatus(request, 'gone');
    await expectOneRepair(request, 'over', 'running');
  });

  it('takes down what is left of one that was taken for gone [A-REC-01]', async () => {
    const request = await makeRequest({ status: 'closed' });
    await makePreview(request, { status: 'gone', endReason: 'closed', endedAt: longAgo });
    const row = { environment: 'preview', mergeRequestId: request.id };
    await makeDeployment(database.db, projectId, row);
    await pass();
    await untilStatus(request, 'gone');
    await untilEnded(request);
    expect(await deploymentOf(request)).toBeNull();
    await expectOneRepair(request, 'gone', 'missing');
  });

  it.each([
    ['that it never had', 'wanted', null],
    ['that went when it was closed', 'reopened', 'closed'],
  ])(
    'brings the preview of an open merge request %s [A-REC-01]',
    async (_words, word, endReason) => {
      const request = await makeRequest();
      await makeGreenRun(request);
      if (endReason !== null) {
        await makePreview(request, { status: 'gone', endReason, endedAt: longAgo });
      }
      await pass();
      await untilStatus(request, 'up');
      expect(await deploymentOf(request)).not.toBeNull();
      await expectOneRepair(request, word, 'missing');
    },
  );

  it('ends a workflow whose rows are gone with their project [A-REC-01]', async () => {
    const request = await makeRequest();
    await makeGreenRun(request);
    await makePreview(request);
    await deps().previews.wake(request.id);
    await listed(request);
    await atRest(request);
    await database.db.project.delete({ where: { id: projectId } });
    await pass();
    await untilEnded(request);
    await expectOneRepair(request, 'missing', 'running');
  });

  it('leaves one alone that changed just now, that is gone for good, or that cannot be asked for [A-REC-03]', async () => {
    const young = await makeRequest();
    await makePreview(young, { updatedAt: new Date() });
    const gone = await makeRequest({ number: 2, sourceBranch: 'gone' });
    await makePreview(gone, { status: 'gone', endReason: 'stopped', endedAt: longAgo });
    const silent = await makeRequest({ number: 3, sourceBranch: 'silent' });
    await makePreview(silent);
    const real = deps();
    const activities = createDeploymentReconcile({
      ...real,
      previews: {
        ...real.previews,
        describe: (id) =>
          id === silent.id ? Promise.reject(new Error('no answer')) : real.previews.describe(id),
      },
    });
    const { mismatches } = await activities.findDeploymentMismatches({ after: null });
    await activities.repairDeploymentMismatches({ mismatches });
    for (const request of [young, gone, silent]) {
      expect(await repairs(request)).toEqual([]);
      await expect(handleOf(request).describe()).rejects.toThrow();
    }
  });
});
