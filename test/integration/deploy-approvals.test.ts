import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { DeployPlan } from '../../contracts/pipeline/types.ts';
import { openDeploymentGate } from '../../domain/deploy/open-deployment-gate.ts';
import { readDesired } from '../../domain/deploy/read-desired.ts';
import { beginRun } from '../../domain/pipeline/begin-run.ts';
import { finishRun } from '../../domain/pipeline/finish-run.ts';
import { unlimited } from '../../domain/identity/credential-limits.ts';
import { newId } from '../../domain/shared/new-id.ts';
import type { Deployment } from '../../prisma/generated/client.ts';
import {
  type AppUnderTest,
  openAppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { makeOpenSync } from '../support/entity-steps.ts';

jest.setTimeout(240_000);

let sut: AppUnderTest;
let admin: TestAccount;
let developer: TestAccount;
let project: { id: string; path: string };
let counter = 0;

beforeAll(async () => {
  sut = await openAppUnderTest();
  admin = await sut.account('askadmin', 'admin');
  developer = await sut.account('askdev', 'developer');
});
afterAll(() => sut.stop());

beforeEach(async () => {
  project = await sut.project(admin, `asked-${String((counter += 1))}`);
});

/** What is run was pushed by whoever asked for it. */
async function pushed(ref: string, pusherId: string | null): Promise<void> {
  const move = { ref, oldSha: '0'.repeat(40), newSha: 'a'.repeat(40) };
  await sut.db.push.create({
    data: {
      ...{ id: newId('push'), projectId: project.id, changeId: newId('change'), pusherId },
      updates: [move],
    },
  });
}

/** A green run whose file asks for these environments, each with its `when` let through. */
async function run(
  deploys: readonly Pick<DeployPlan, 'environment' | 'approvals'>[],
  more: { gitRef?: string; triggeredBy?: string | null; commitSha?: string } = {},
): Promise<string> {
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
      changeId: newId('change'),
      trigger: 'push',
      gitRef: 'refs/heads/main',
      commitSha: 'a'.repeat(40),
      triggeredBy: developer.id,
      triggeredLimits: { ...unlimited },
      ...more,
    },
  });
  await pushed(more.gitRef ?? 'refs/heads/main', more.triggeredBy ?? null);
  const deploy = deploys.map((one) => ({
    image: `registry.example/app:${String(number)}`,
    target: null,
    manifestPath: null,
    bakeMs: 1000,
    healthTimeoutMs: 1000,
    isImplicit: false,
    skipReason: null,
    ...one,
  }));
  await beginRun(sut.db, id, { steps: [], deploy });
  await finishRun(sut.db, { pipelineId: id, status: 'success', error: null });
  return id;
}

const rowOf = (environment: string): Promise<Deployment | null> =>
  sut.db.deployment.findFirst({ where: { projectId: project.id, environment } });

async function theRow(environment = 'production'): Promise<Deployment> {
  const row = await rowOf(environment);
  if (row === null) throw new Error(`there is no ${environment}`);
  return row;
}

const shown = async (id: string) =>
  (await sut.call(admin, 'GET', `/api/v1/deployments/${id}`)).body as Record<string, unknown>;

describe('the approvals of an environment', () => {
  it('that operators set are not lowered by a run, and the larger of theirs and the file’s counts [A-DEP-11] [A-PIPE-03]', async () => {
    await run([{ environment: 'production', approvals: 1 }]);
    const { id } = await theRow();
    const set = (approvals: number) =>
      sut.call(admin, 'PATCH', `/api/v1/deployments/${id}`, { approvals });
    expect((await set(2)).body).toMatchObject({
      approvals: 2,
      approvalsSet: 2,
      approvalsAsked: 1,
    });
    await run([{ environment: 'production', approvals: 0 }]);
    expect(await shown(id)).toMatchObject({ approvals: 2, approvalsSet: 2, approvalsAsked: 0 });
    expect(await readDesired(sut.db, id)).toMatchObject({ approvals: 2, generation: 2 });
    const { id: syncId } = await makeOpenSync(sut.db, await theRow());
    const gate = await openDeploymentGate(sut.db, { syncId, step: 'sync', workflowId: 'w' });
    expect(gate.quorum).toBe(2);
    await run([{ environment: 'production', approvals: 3 }]);
    expect(await readDesired(sut.db, id)).toMatchObject({ approvals: 3 });
    await set(0);
    expect(await readDesired(sut.db, id)).toMatchObject({ approvals: 3 });
  });

  it('come along with a first promotion: as the promoted commit’s file asks, else as its source has them [A-DEP-11]', async () => {
    await run([
      { environment: 'staging', approvals: 1 },
      { environment: 'preview', approvals: 0 },
    ]);
    const staging = await theRow('staging');
    const serve = async (commitSha: string) => {
      const id = newId('deploymentRevision');
      await sut.db.deploymentRevision.create({
        data: {
          id,
          deploymentId: staging.id,
          number: Number.parseInt(commitSha.slice(0, 2), 16),
          contentKey: id,
          imageRef: 'registry.example/app:1',
          commitSha,
          manifestsRef: 'manifests/none',
          status: 'good',
        },
      });
      const data = { liveRevisionId: id, currentStatus: 'healthy' };
      await sut.db.deployment.update({ where: { id: staging.id }, data });
    };
    const promote = async () => {
      const address = `/api/v1/deployments/${staging.id}/promote`;
      const answer = await sut.call(admin, 'POST', address, { to: 'production' });
      expect(answer.status).toBe(202);
      const { id } = answer.body as { id: string };
      await sut.db.deployment.delete({ where: { id } });
      return answer.body;
    };
    await serve('a'.repeat(40));
    expect(await promote()).toMatchObject({ approvals: 1 });
    await sut.call(admin, 'PATCH', `/api/v1/deployments/${staging.id}`, { approvals: 2 });
    expect(await promote()).toMatchObject({ approvals: 2, approvalsSet: 2 });
    const both = [
      { environment: 'staging' as const, approvals: 1 },
      { environment: 'production' as const, approvals: 4 },
    ];
    await run(both, { commitSha: 'b'.repeat(40) });
    await sut.db.deployment.delete({ where: { id: (await theRow()).id } });
    await serve('b'.repeat(40));
    expect(await promote()).toMatchObject({ approvals: 4, approvalsSet: 2, approvalsAsked: 4 });
  });
});

describe('a run of another branch', () => {
  const wanted = [
    { environment: 'staging' as const, approvals: 0 },
    { environment: 'production' as const, approvals: 0 },
  ];

  it('deploys nothing lasting for whoever may only push, stays green, and says so where people look [A-DEP-11] [A-RBAC-09]', async () => {
    for (const gitRef of ['refs/heads/topic', 'refs/tags/main']) {
      for (const triggeredBy of [developer.id, null]) {
        const id = await run(wanted, { gitRef, triggeredBy });
        expect(await rowOf('staging')).toBeNull();
        expect(await rowOf('production')).toBeNull();
        const { body } = await sut.call(admin, 'GET', `/api/v1/pipelines/${id}`);
        expect(body).toMatchObject({
          status: 'success',
          error: expect.stringMatching(
            /^not deployed to staging: .* (neither deploy:write nor deploy:promote|nobody is known who started the run)\nnot deployed to production: /,
          ) as unknown,
        });
        const told = await sut.db.event.findFirstOrThrow({
          where: { subjectId: id, type: 'pipeline.completed' },
        });
        expect(told.message).toContain('not deployed to production');
      }
    }
  });

  it('deploys when the branch is protected, or whoever pushed and started it may deploy; the default branch needs neither [A-DEP-11]', async () => {
    const ops = await sut.account(`askops-${String(counter)}`, `ops@${project.id}`);
    const rule = { pattern: 'release/*' };
    await sut.call(admin, 'POST', `${project.path}/protected-branches`, rule);
    const image = async () => (await theRow()).imageRef;
    await run(wanted, { gitRef: 'refs/heads/topic', triggeredBy: ops.id });
    expect(await image()).toBe('registry.example/app:1');
    await run(wanted, { gitRef: 'refs/heads/release/1' });
    expect(await image()).toBe('registry.example/app:2');
    await run(wanted);
    expect(await image()).toBe('registry.example/app:3');
    await run(wanted, { gitRef: 'refs/heads/topic' });
    expect(await image()).toBe('registry.example/app:3');
  });
});
