import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { PipelinePlan } from '../../contracts/pipeline/types.ts';
import { revivePreview } from '../../domain/deploy/command-preview.ts';
import { finishPreview } from '../../domain/deploy/finish-preview.ts';
import { forgetDeployment } from '../../domain/deploy/forget-deployment.ts';
import { planPreview } from '../../domain/deploy/plan-preview.ts';
import { noticeOfEvent } from '../../domain/notify/notice-of-event.ts';
import { beginRun } from '../../domain/pipeline/begin-run.ts';
import { mergeRequestRunKey } from '../../domain/pipeline/run-key.ts';
import { newId } from '../../domain/shared/new-id.ts';
import type { MergeRequest } from '../../prisma/generated/client.ts';
import {
  type AppUnderTest,
  openAppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { eventRecord } from '../support/notify-steps.ts';
import { planOf } from '../support/preview-plan.ts';

jest.setTimeout(120_000);

let sut: AppUnderTest;
let admin: TestAccount;
let project: { id: string; path: string };
let request: MergeRequest;
let counter = 0;

const image = 'registry.example/app:1';

beforeAll(async () => {
  sut = await openAppUnderTest();
  admin = await sut.person('previewadmin', 'admin');
});
afterAll(() => sut.stop());

beforeEach(async () => {
  counter += 1;
  project = await sut.project(admin, `previewed-${String(counter)}`);
  request = await sut.db.mergeRequest.create({
    data: {
      id: newId('mergeRequest'),
      projectId: project.id,
      number: 1,
      authorId: admin.id,
      sourceBranch: 'topic',
      targetBranch: 'main',
      title: 'topic',
      headSha: 'a'.repeat(40),
      changeId: newId('change'),
    },
  });
});

/** Begins the run of the head, and ends it when told how. */
async function run(plan: PipelinePlan, status?: 'success' | 'failure'): Promise<string> {
  const { headSha: commitSha, changeId } = request;
  const id = newId('pipeline');
  const { nextPipelineNumber: number } = await sut.db.project.update({
    where: { id: project.id },
    data: { nextPipelineNumber: { increment: 1 } },
  });
  await sut.db.pipeline.create({
    data: {
      id,
      projectId: project.id,
      number,
      changeId,
      trigger: 'mr',
      gitRef: 'refs/heads/topic',
      commitSha,
      dedupeKey: mergeRequestRunKey(request),
      triggeredBy: admin.id,
    },
  });
  expect(await beginRun(sut.db, id, plan)).toBe(true);
  if (status !== undefined) await sut.db.pipeline.update({ where: { id }, data: { status } });
  return id;
}

/** Runs the commit of a run once more, as the button does, and ends that as told. */
async function rerun(of: string, plan: PipelinePlan, status: 'success' | 'failure') {
  const made = await sut.call(admin, 'POST', `/api/v1/pipelines/${of}/rerun`);
  expect(made).toMatchObject({ status: 201, body: { trigger: 'mr' } });
  const { id } = made.body as { id: string };
  expect(await beginRun(sut.db, id, plan)).toBe(true);
  await sut.db.pipeline.update({ where: { id }, data: { status } });
  return id;
}

async function push(sha: string): Promise<void> {
  request = await sut.db.mergeRequest.update({ where: { id: request.id }, data: { headSha: sha } });
}

const plan = () => planPreview(sut.db, request.id);
const preview = () => sut.db.preview.findUnique({ where: { mergeRequestId: request.id } });
const shown = async () =>
  (await sut.call(admin, 'GET', `${project.path}/merge-requests/1/preview`)).body;

async function takeDown(deploymentId: string | undefined): Promise<void> {
  await forgetDeployment(sut.db, createMemoryStore(), deploymentId ?? '');
}

describe('the preview that a merge request wants', () => {
  it('is none until a plan asks for one, then waits for its pipeline and says so [A-DEP-01]', async () => {
    expect(await shown()).toMatchObject({ state: 'none' });
    expect(await plan()).toEqual({ kind: 'none' });
    await run({ steps: [] });
    expect(await preview()).toBeNull();
    await push('b'.repeat(40));
    const id = await run(planOf());
    expect(await plan()).toMatchObject({ kind: 'keep', deployment: null });
    expect(await shown()).toMatchObject({ state: 'waiting', pipeline: { id } });
    await sut.db.pipeline.update({ where: { id }, data: { status: 'failure' } });
    expect(await shown()).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('did not succeed'),
    });
  });

  it('is a deployment of its own beside the lasting ones, declared once for each green head [A-DEP-01]', async () => {
    await run(planOf(), 'success');
    const first = await plan();
    expect(first).toMatchObject({
      kind: 'keep',
      deployment: { environment: 'preview', target: 'local', projectId: project.id },
    });
    expect(await plan()).toEqual({ ...first, restMs: expect.any(Number) });
    await push('c'.repeat(40));
    await run(planOf({ image: 'registry.example/app:2' }), 'success');
    await plan();
    const rows = await sut.db.deployment.findMany({ where: { projectId: project.id } });
    expect(rows).toMatchObject([
      { generation: 2, imageRef: 'registry.example/app:2', approvals: 0, prune: true },
    ]);
    expect(rows[0]?.namespace).toContain('-preview-1');
    const other = { projectId: project.id, imageRef: image, environment: 'staging' };
    await sut.db.deployment.create({ data: { id: newId('deployment'), ...other } });
    await expect(
      sut.db.deployment.create({ data: { id: newId('deployment'), ...other } }),
    ).rejects.toThrow(/unique/i);
    const list = (path: string) => sut.call(admin, 'GET', path);
    const matrix = await list(`${project.path}/deployments`);
    expect((matrix.body as { items: object[] }).items).toMatchObject([{ environment: 'staging' }]);
    const previews = await list('/api/v1/deployments?environment=preview');
    expect((previews.body as { items: { id: string }[] }).items.map(({ id }) => id)).toContain(
      rows[0]?.id,
    );
  });

  it('is degraded while what serves is not well, and not failed [A-DEP-07]', async () => {
    await run(planOf(), 'success').then(plan);
    const data = { currentStatus: 'degraded', statusMessage: 'not ready' };
    await sut.db.deployment.update({ where: { mergeRequestId: request.id }, data });
    expect(await shown()).toMatchObject({ state: 'degraded', reason: 'not ready' });
  });

  it('comes up from the newest green run of its head, be it a rerun, and stays when a later one is red [A-DEP-01] [A-MR-06]', async () => {
    const red = await run(planOf(), 'failure');
    expect(await plan()).toMatchObject({ kind: 'keep', deployment: null });
    const green = await rerun(red, planOf({ image: 'registry.example/app:2' }), 'success');
    expect(await plan()).toMatchObject({ kind: 'keep', deployment: { environment: 'preview' } });
    const row = () =>
      sut.db.deployment.findUniqueOrThrow({ where: { mergeRequestId: request.id } });
    expect(await row()).toMatchObject({ pipelineId: green, imageRef: 'registry.example/app:2' });
    const newest = await rerun(green, planOf({ image: 'registry.example/app:4' }), 'success');
    await plan();
    const later = await rerun(newest, planOf(), 'failure');
    await plan();
    expect(await row()).toMatchObject({ pipelineId: newest, generation: 2 });
    expect(await shown()).toMatchObject({ pipeline: { id: later } });
    await push('f'.repeat(40));
    await rerun(later, planOf({ image: 'registry.example/app:3' }), 'success');
    await plan();
    expect(await row()).toMatchObject({ pipelineId: newest });
  });

  it.each(['closed', 'merged'] as const)(
    'ends with a merge request that is %s: deployment first, then the preview [A-MR-05]',
    async (status) => {
      await run(planOf(), 'success');
      await plan();
      await sut.db.mergeRequest.update({ where: { id: request.id }, data: { status } });
      const ending = await plan();
      expect(ending).toMatchObject({ kind: 'end', reason: status });
      const row = await sut.db.deployment.findUnique({ where: { mergeRequestId: request.id } });
      expect(row?.isDeleting).toBe(true);
      await finishPreview(sut.db, { mergeRequestId: request.id, reason: status });
      expect(await preview()).toMatchObject({ status: 'ending' });
      await takeDown(row?.id);
      expect(await plan()).toEqual({ kind: 'end', reason: status, deployment: null });
      await finishPreview(sut.db, { mergeRequestId: request.id, reason: status });
      expect(await shown()).toMatchObject({ state: 'gone', endReason: status });
    },
  );

  it('keeps what it shows from expiring, and lets it go when it is gone [A-DEP-12]', async () => {
    const expiresMs = 3_600_000;
    const steps = [{ name: 'package', artifacts: [{ name: 'app', path: 'app.tgz', expiresMs }] }];
    const asked = planOf({ image: 'artifact:app' });
    const pipelineId = await run(asked, 'success');
    const definition = { ...asked, steps } as never;
    await sut.db.pipeline.update({ where: { id: pipelineId }, data: { definition } });
    const file = {
      name: 'app',
      path: 'app.tgz',
      minioPath: 'artifacts/app',
      expiresAt: new Date(),
    };
    const of = { pipelineId, stepName: 'package', sha256: 'a'.repeat(64) };
    const { id } = await sut.db.artifact.create({
      data: { id: newId('artifact'), ...of, ...file },
    });
    const expiry = async () =>
      (await sut.db.artifact.findUniqueOrThrow({ where: { id } })).expiresAt?.getTime() ?? null;
    const comeAndGo = async () => {
      await revivePreview(sut.db, request.id);
      const kept = await plan();
      expect(await expiry()).toBeNull();
      await takeDown(kept.kind === 'keep' ? kept.deployment?.deploymentId : undefined);
      await finishPreview(sut.db, { mergeRequestId: request.id, reason: 'stopped' });
    };
    const imageRef = `artifact:app@sha256:${of.sha256}`;
    const staging = { projectId: project.id, environment: 'staging', imageRef };
    await sut.db.deployment.create({ data: { id: newId('deployment'), ...staging } });
    await comeAndGo();
    expect(await expiry()).toBeNull();
    await sut.db.deployment.deleteMany({ where: staging });
    await comeAndGo();
    expect(await expiry()).toBeGreaterThan(Date.now() + expiresMs / 2);
    expect(await expiry()).toBeLessThanOrEqual(Date.now() + expiresMs);
  });

  it('comes back from the green run that is there when it is opened again', async () => {
    await run(planOf(), 'success');
    await plan();
    await sut.db.mergeRequest.update({ where: { id: request.id }, data: { status: 'closed' } });
    const ending = await plan();
    await takeDown(ending.kind === 'end' ? ending.deployment?.deploymentId : undefined);
    await finishPreview(sut.db, { mergeRequestId: request.id, reason: 'closed' });
    await sut.db.mergeRequest.update({ where: { id: request.id }, data: { status: 'open' } });
    await revivePreview(sut.db, request.id);
    expect(await plan()).toMatchObject({ kind: 'keep', deployment: { environment: 'preview' } });
    expect(await preview()).toMatchObject({ status: 'up', endReason: null, endedAt: null });
  });

  it('ends when its time is over, and a push gives it all of it again', async () => {
    await run(planOf(), 'success');
    await plan();
    await sut.db.preview.update({
      where: { mergeRequestId: request.id },
      data: { expiresAt: new Date(Date.now() - 1) },
    });
    expect(await plan()).toMatchObject({ kind: 'end', reason: 'expired' });
    await push('d'.repeat(40));
    await run(planOf({ ttlMs: 7_200_000 }));
    const { expiresAt, ttlSeconds } = (await preview()) ?? {};
    expect(ttlSeconds).toBe(7200);
    expect(expiresAt?.getTime()).toBeGreaterThan(Date.now() + 3_600_000);
  });

  it('is ended and brought back by hand, and ends when a head asks for none', async () => {
    await run(planOf(), 'success');
    const path = `${project.path}/merge-requests/1/preview`;
    expect((await sut.call(admin, 'POST', `${path}/stop`)).status).toBe(202);
    expect((await sut.call(admin, 'POST', `${path}/stop`)).status).toBe(409);
    expect(await plan()).toMatchObject({ kind: 'end', reason: 'stopped' });
    expect((await sut.call(admin, 'POST', `${path}/renew`)).status).toBe(202);
    expect(await plan()).toMatchObject({ kind: 'keep' });
    await push('e'.repeat(40));
    await run({ steps: [] });
    expect(await plan()).toMatchObject({ kind: 'end', reason: 'unwanted' });
  });

  it('stays wanted by a renewal or a push that comes while it ends [A-DEP-01]', async () => {
    const mergeRequestId = request.id;
    const path = `${project.path}/merge-requests/1/preview`;
    const asked = () =>
      sut.db.event.count({ where: { subjectId: request.id, type: 'preview.requested' } });
    await run(planOf(), 'success');
    for (const ask of [
      () => sut.call(admin, 'POST', `${path}/renew`),
      () => push('e'.repeat(40)).then(() => run(planOf())),
    ]) {
      await plan();
      expect((await sut.call(admin, 'POST', `${path}/stop`)).status).toBe(202);
      const ending = await plan();
      await takeDown(ending.kind === 'end' ? ending.deployment?.deploymentId : undefined);
      expect(await plan()).toEqual({ kind: 'end', reason: 'stopped', deployment: null });
      await ask();
      const before = await asked();
      await finishPreview(sut.db, { mergeRequestId, reason: 'stopped' });
      expect(await preview()).toMatchObject({ status: 'ending', endReason: null });
      expect(await asked()).toBe(before + 1);
      expect(await plan()).toMatchObject({ kind: 'keep' });
    }
  });

  it('is made for merge requests only, and promoted nowhere [A-DEP-11]', async () => {
    const made = await sut.call(admin, 'POST', `${project.path}/deployments`, {
      imageRef: image,
      environment: 'preview',
    });
    expect(made.status).toBe(400);
    await run(planOf(), 'success');
    const kept = await plan();
    const id = kept.kind === 'keep' ? (kept.deployment?.deploymentId ?? '') : '';
    const promoted = await sut.call(admin, 'POST', `/api/v1/deployments/${id}/promote`, {});
    expect(promoted).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('is not promoted') },
    });
  });

  it('tells its author that it failed, and nobody of anything else', async () => {
    const payload = { environment: 'preview', mergeRequestId: request.id };
    const tell = (type: string) =>
      noticeOfEvent(sut.db, eventRecord(type, { projectId: project.id, payload }));
    expect([...((await tell('deployment.failed'))?.recipients.keys() ?? [])]).toEqual([admin.id]);
    expect(await tell('deployment.synced')).toBeNull();
  });
});
