import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { beginSync } from '../../domain/deploy/begin-sync.ts';
import { openDeploymentGate } from '../../domain/deploy/open-deployment-gate.ts';
import { storeRevision } from '../../domain/deploy/store-revision.ts';
import { findDeciders } from '../../domain/gate/may-decide.ts';
import { openPipelineGate } from '../../domain/gate/open-gate.ts';
import { newId } from '../../domain/shared/new-id.ts';
import type { Prisma } from '../../prisma/generated/client.ts';
import {
  type AppUnderTest,
  openAppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { makeDeployment } from '../support/entity-steps.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { makeRun } from '../support/notify-steps.ts';

jest.setTimeout(240_000);

const store = createMemoryStore();
const definition = {
  steps: [{ name: 'approve', gate: { approvals: 1, by: 'deploy:promote', expiresMs: 3_600_000 } }],
} as Prisma.InputJsonObject;

let sut: AppUnderTest;
let boss: TestAccount;
let agent: TestAccount;
let other: TestAccount;
let count = 0;

beforeAll(async () => {
  sut = await openAppUnderTest();
  boss = await sut.account('boss', 'admin');
  other = await sut.account('other', 'admin');
  agent = await sut.account('helper', 'admin');
  await sut.db.user.update({ where: { id: agent.id }, data: { kind: 'agent' } });
  const permission = await sut.db.permission.findUniqueOrThrow({
    where: { name: 'deploy:promote' },
  });
  await sut.db.delegation.create({
    data: {
      id: newId('delegation'),
      ...{ delegatorId: boss.id, delegateId: agent.id, permissionId: permission.id },
    },
  });
});
afterAll(() => sut.stop());

async function fresh(): Promise<string> {
  const { id } = await sut.project(boss, `origin-${String((count += 1))}`);
  await sut.db.project.update({ where: { id }, data: { nextPipelineNumber: 1000 } });
  return id;
}

async function atGate(pipelineId: string): Promise<string> {
  await sut.db.pipeline.update({
    where: { id: pipelineId },
    data: { definition, status: 'running' },
  });
  const input = { pipelineId, step: 'approve', workflowId: `w:${pipelineId}` };
  return (await openPipelineGate(sut.db, input)).gateId;
}

/** Boss and agent are refused, and shown nothing of it; somebody else decides. */
async function expectOthersOnly(gateId: string): Promise<void> {
  const gate = await sut.db.gate.findUniqueOrThrow({ where: { id: gateId } });
  const deciders = await findDeciders(sut.db, gate);
  for (const barred of [boss, agent]) {
    const answer = await decide(barred, gateId);
    expect([answer.status, answer.body]).toMatchObject([403, { code: 'forbidden' }]);
    expect(deciders).not.toContain(barred.id);
    const inbox = await sut.call(barred, 'GET', '/api/v1/gates?waiting=me');
    expect(JSON.stringify(inbox.body)).not.toContain(gateId);
  }
  expect(deciders).toContain(other.id);
  expect((await decide(other, gateId)).status).toBe(200);
}

const decide = (who: TestAccount, gateId: string) =>
  sut.call(who, 'POST', `/api/v1/gates/${gateId}/decision`, { decision: 'approve' });

async function rerun(pipelineId: string, who: TestAccount): Promise<string> {
  const where = { id: pipelineId };
  await sut.db.pipeline.update({ where, data: { status: 'failure' } });
  const answer = await sut.call(who, 'POST', `/api/v1/pipelines/${pipelineId}/rerun`, {});
  expect(answer.status).toBeLessThan(300);
  return (answer.body as { id: string }).id;
}

describe('whose work waits at a gate of a run', () => {
  it('is still the first requester’s however often others run it again [A-RBAC-18]', async () => {
    const place = await fresh();
    const first = await makeRun(sut.db, place, { status: 'failure', triggeredBy: agent.id });
    const again = await rerun(await rerun(first.id, other), boss);
    await expectOthersOnly(await atGate(again));
  });

  it('is whoever’s pushed its commit, whoever runs it [A-RBAC-18]', async () => {
    const place = await fresh();
    const { id } = await makeRun(sut.db, place, { status: 'failure', triggeredBy: boss.id });
    const run = await sut.db.pipeline.findUniqueOrThrow({ where: { id } });
    const updates = [{ ref: 'refs/heads/topic', oldSha: '0'.repeat(40), newSha: run.commitSha }];
    await sut.db.push.create({
      data: {
        id: newId('push'),
        projectId: place,
        changeId: run.changeId,
        updates,
        pusherId: agent.id,
      },
    });
    await expectOthersOnly(await atGate(await rerun(id, boss)));
  });

  it('is the author’s of the merge request that it came by, and theirs who pushed to its branch since the last one [A-RBAC-18]', async () => {
    const place = await fresh();
    const { id, changeId } = await makeRun(sut.db, place, {
      status: 'failure',
      triggeredBy: boss.id,
    });
    const { commitSha } = await sut.db.pipeline.findUniqueOrThrow({ where: { id } });
    const request = (number: number, more: Partial<Prisma.MergeRequestUncheckedCreateInput>) =>
      sut.db.mergeRequest.create({
        data: {
          ...{ id: newId('mergeRequest'), projectId: place, number, changeId, title: 'x' },
          ...{ sourceBranch: 'topic', targetBranch: 'main', authorId: other.id },
          ...{ headSha: 'b'.repeat(40), status: 'merged', mergedAt: new Date() },
          ...more,
        },
      });
    const push = (createdAt: Date, pusherId: string) =>
      sut.db.push.create({
        data: {
          ...{ id: newId('push'), projectId: place, changeId, pusherId, createdAt },
          updates: [{ ref: 'refs/heads/topic', oldSha: 'c'.repeat(40), newSha: 'd'.repeat(40) }],
        },
      });
    // What was merged from that branch long ago is another work.
    await push(new Date(1000), agent.id);
    await request(1, { mergedAt: new Date(2000) });
    await request(2, { mergeSha: commitSha });
    const free = await atGate(await rerun(id, boss));
    expect((await decide(boss, free)).status).toBe(200);
    await push(new Date(3000), agent.id);
    await expectOthersOnly(await atGate(await rerun(id, boss)));
    await request(3, { mergeSha: commitSha, sourceBranch: 'side', authorId: agent.id });
    await sut.db.push.deleteMany({ where: { projectId: place } });
    await expectOthersOnly(await atGate(await rerun(id, boss)));
  });
});

describe('whose work waits at a gate of a rollout', () => {
  const rowOf = (id: string) => sut.db.deployment.findUniqueOrThrow({ where: { id } });

  /** Lays out what is desired, and opens its gate, as the workflow does. */
  async function rollout(
    id: string,
    content = 'same',
    sourceSha: string | null = null,
  ): Promise<{ gateId: string; syncId: string }> {
    const row = await rowOf(id);
    const manifests = [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: content, namespace: 'x' } },
    ];
    const rendered = { manifests, opsRepoSha: null, commitSha: null };
    const revision = await storeRevision(sut.db, store, row, rendered);
    const { id: syncId } = await beginSync(sut.db, row, {
      ...{ revision, sourceSha, action: 'deploy', replicas: null, previousReplicas: null },
      ...{ secretVersions: new Map(), waves: [], prune: [] },
    });
    const input = { syncId, step: 'sync', workflowId: `deployment:${id}` };
    return { gateId: (await openDeploymentGate(sut.db, input)).gateId, syncId };
  }
  const ask = async (who: TestAccount, id: string, what: string, body: object = {}) => {
    const answer = await sut.call(who, 'POST', `/api/v1/deployments/${id}/${what}`, body);
    expect([answer.status < 300, answer.body]).toMatchObject([true, {}]);
    return answer.body as { id: string };
  };
  const settle = (id: string, syncId: string, status: string, columns: object = {}) =>
    sut.db.$transaction([
      sut.db.deploymentSync.update({ where: { id: syncId }, data: { status } }),
      sut.db.deployment.update({
        where: { id },
        data: { observedGeneration: { increment: 1 }, ...columns },
      }),
    ]);

  it('is the agent’s that desired it first, when somebody tries again, syncs or desires the same image [A-RBAC-18] [A-DEP-11]', async () => {
    const desired = { deployedBy: agent.id, approvals: 1, observedGeneration: 0 };
    const { id } = await makeDeployment(sut.db, await fresh(), desired);
    const first = await rollout(id);
    await settle(id, first.syncId, 'rejected', { currentStatus: 'failed' });
    await ask(boss, id, 'retry');
    const second = await rollout(id);
    await expectOthersOnly(second.gateId);
    await settle(id, second.syncId, 'rejected');
    await ask(boss, id, 'sync');
    const third = await rollout(id, 'other manifests');
    await expectOthersOnly(third.gateId);
  });

  it('is the agent’s whose desired state somebody overtook before its sync was planned [A-RBAC-18]', async () => {
    const desired = { deployedBy: agent.id, approvals: 1, observedGeneration: 0 };
    const { id } = await makeDeployment(sut.db, await fresh(), desired);
    await ask(boss, id, 'sync');
    await expectOthersOnly((await rollout(id)).gateId);
  });

  it('is the agent’s when it is promoted by others, and nobody’s agent’s once another image is desired [A-RBAC-18]', async () => {
    const place = await fresh();
    const desired = { deployedBy: agent.id, environment: 'staging', observedGeneration: 0 };
    const staging = await makeDeployment(sut.db, place, desired);
    const { syncId } = await rollout(staging.id);
    const { revisionId } = await sut.db.deploymentSync.findUniqueOrThrow({
      where: { id: syncId },
    });
    await settle(staging.id, syncId, 'succeeded', {
      ...{ liveRevisionId: revisionId, currentStatus: 'healthy' },
    });
    await ask(boss, staging.id, 'promote', { to: 'production' });
    const where = { projectId: place, environment: 'production' };
    const production = await sut.db.deployment.findFirstOrThrow({ where });
    await expectOthersOnly((await rollout(production.id)).gateId);
    const image = { imageRef: 'registry.example/app:2' };
    const changed = await sut.call(boss, 'PATCH', `/api/v1/deployments/${production.id}`, image);
    expect(changed.status).toBe(200);
    const { gateId } = await rollout(production.id, 'another');
    expect((await decide(boss, gateId)).status).toBe(200);
  });

  it('is the agent’s that had the image made, or pushed the manifests, when somebody chooses them by hand [A-RBAC-18] [A-DEP-11]', async () => {
    const place = await fresh();
    const run = await makeRun(sut.db, place, { status: 'success', triggeredBy: agent.id });
    const sha256 = 'a'.repeat(64);
    await sut.db.artifact.create({
      data: {
        ...{ id: newId('artifact'), pipelineId: run.id, stepName: 'build', name: 'app' },
        ...{ path: 'app.tar', minioPath: 'artifacts/app', sha256 },
      },
    });
    const desired = { deployedBy: boss.id, approvals: 1 };
    const { id } = await makeDeployment(sut.db, place, desired);
    const image = { imageRef: `artifact:app@sha256:${sha256}` };
    const changed = await sut.call(boss, 'PATCH', `/api/v1/deployments/${id}`, image);
    expect(changed.status).toBe(200);
    await expectOthersOnly((await rollout(id)).gateId);
    const second = await makeDeployment(sut.db, await fresh(), desired);
    const head = 'e'.repeat(40);
    await sut.db.push.create({
      data: {
        ...{ id: newId('push'), projectId: second.projectId, changeId: newId('change') },
        updates: [{ ref: 'refs/heads/main', oldSha: '0'.repeat(40), newSha: head }],
        pusherId: agent.id,
      },
    });
    await expectOthersOnly((await rollout(second.id, 'same', head)).gateId);
  });
});
