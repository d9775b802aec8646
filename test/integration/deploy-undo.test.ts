import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DeployActivityDeps } from '../../activities/deploy/deps.ts';
import { planSync } from '../../activities/deploy/plan-sync.ts';
import { finishSync } from '../../domain/deploy/finish-sync.ts';
import { openDeploymentGate } from '../../domain/deploy/open-deployment-gate.ts';
import { refuseDesired } from '../../domain/deploy/refuse-desired.ts';
import { noteUndo, listWaveObjects } from '../../domain/deploy/sync-objects.ts';
import type { AppUnderTest, TestAccount } from '../support/app-under-test.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { createTestToken } from '../support/test-api.ts';
import {
  configOf,
  openRevisionSteps,
  type Asked,
  type RevisionSteps,
  type Wanted,
} from '../support/revision-steps.ts';

let sut: AppUnderTest;
let admin: TestAccount;
let steps: RevisionSteps;
const store = createMemoryStore();
const wave = { phase: 'Sync', wave: 0 } as const;

beforeAll(async () => {
  ({ sut, admin, steps } = await openRevisionSteps(store));
});
afterAll(() => sut.stop());

describe('what is desired once a sync was undone', () => {
  it('is still stopped where it was stopped, and the next start brings back as many replicas as before [A-DEP-08] [A-DEP-09]', async () => {
    const id = await steps.newDeployment();
    const first = await steps.deploys(id, 1);
    await steps.end(first.syncId, 'succeeded');
    await steps.ask(id, 'scale', { replicas: 3 });
    const scale = { revision: first.revision, action: 'scale' } as const;
    await steps.end(await steps.begin(id, { ...scale, replicas: [null, 3] }), 'succeeded');
    await steps.ask(id, 'stop');
    const stop = { revision: first.revision, action: 'stop' } as const;
    await steps.end(await steps.begin(id, { ...stop, replicas: [3, 0] }), 'succeeded');
    const broken = await steps.deploys(id, 2, { replicas: [0, 3] });
    await steps.end(broken.syncId, 'undone');
    expect(await steps.rowOf(id)).toMatchObject({ desiredStatus: 'stopped', replicas: 3 });
    await steps.ask(id, 'start');
    expect(await steps.rowOf(id)).toMatchObject({ desiredStatus: 'rollback', replicas: 3 });
    const start = { revision: first.revision, action: 'scale' } as const;
    await steps.end(await steps.begin(id, { ...start, replicas: [0, 3] }), 'undone');
    expect(await steps.rowOf(id)).toMatchObject({ desiredStatus: 'stopped', replicas: 3 });
  });

  it('is shown with the commit, the run and the change of its revision, and the run that failed says so [A-DEP-08]', async () => {
    const id = await steps.newDeployment();
    const runs = await Promise.all(
      ['a', 'b', 'c'].map((letter, at) => steps.wantedBy(letter, at + 1)),
    );
    const [first, second, third] = runs as [Wanted, Wanted, Wanted];
    const rollout = async (wanted: Wanted, round: number) => {
      await sut.db.deployment.update({ where: { id }, data: wanted });
      return await steps.deploys(id, round);
    };
    const shown = async () => (await sut.call(admin, 'GET', `/api/v1/deployments/${id}`)).body;
    const toldBy = async ({ pipelineId }: Wanted) => {
      const answer = await sut.call(admin, 'GET', `/api/v1/pipelines/${pipelineId}`);
      return (answer.body as { deployments: unknown[] }).deployments;
    };
    await steps.end((await rollout(first, 1)).syncId, 'succeeded');
    await steps.end((await rollout(second, 2)).syncId, 'succeeded');
    expect(await shown()).toMatchObject(second);
    const broken = await rollout(third, 3);
    const of = { deploymentId: id, environment: 'production' };
    expect(await toldBy(third)).toEqual([{ ...of, status: 'running', reason: null, revision: 3 }]);
    await steps.end(broken.syncId, 'undone');
    expect(await shown()).toMatchObject(second);
    expect(await toldBy(third)).toEqual([
      { ...of, status: 'undone', reason: 'never ready', revision: 3 },
    ]);
    await steps.ask(id, 'rollback');
    expect(await shown()).toMatchObject(first);
    const back = await sut.db.deploymentRevision.findFirstOrThrow({
      where: { deploymentId: id, number: 1 },
    });
    await steps.end(await steps.begin(id, { revision: back, action: 'rollback' }), 'succeeded');
    expect(await toldBy(first)).toMatchObject([{ status: 'succeeded' }]);
    expect(await toldBy(third)).toMatchObject([{ status: 'undone' }]);
    // Promoted, it is what serves, with the run that built that.
    await steps.ask(id, 'promote', { to: 'staging' });
    const { items } = (await sut.call(admin, 'GET', `${steps.project.path}/deployments`)).body as {
      items: { environment: string }[];
    };
    expect(items.find(({ environment }) => environment === 'staging')).toMatchObject(first);
  });

  it('stands on the run also where it could not be rolled out at all, for those who may see deployments [A-DEP-08]', async () => {
    const id = await steps.newDeployment();
    const wanted = await steps.wantedBy('a', 1);
    await sut.db.deployment.update({ where: { id }, data: wanted });
    const told = async (who: TestAccount) =>
      (await sut.call(who, 'GET', `/api/v1/pipelines/${wanted.pipelineId}`)).body as object;
    const of = { deploymentId: id, environment: 'production', revision: null };
    expect(await told(admin)).toMatchObject({ deployments: [{ ...of, status: 'pending' }] });
    const { generation } = await steps.rowOf(id);
    await refuseDesired(sut.db, { deploymentId: id, generation, reason: 'a.yaml:1: no' });
    expect(await told(admin)).toMatchObject({
      deployments: [{ ...of, status: 'refused', reason: 'a.yaml:1: no' }],
    });
    const listed = async (who: TestAccount) => {
      const lists = ['/api/v1/pipelines?limit=100', `${steps.project.path}/pipelines?limit=100`];
      const answers = await Promise.all(lists.map((path) => sut.call(who, 'GET', path)));
      const found = answers.map(({ body }) =>
        (body as { items: { id: string; deployments: unknown[] }[] }).items.find(
          (run) => run.id === wanted.pipelineId,
        ),
      );
      return found.map((run) => run?.deployments);
    };
    const refused = [{ ...of, status: 'refused', reason: 'a.yaml:1: no' }];
    expect(await listed(admin)).toEqual([refused, refused]);
    const scopes = ['project:read', 'pipeline:read'];
    const { token } = await createTestToken(sut.db, admin.id, scopes);
    const onlyRuns = { ...admin, token };
    expect(await listed(onlyRuns)).toEqual([[], []]);
    expect(await told(onlyRuns)).toMatchObject({ deployments: [] });
  });

  it('is the same revision where only a number of replicas or a stop failed: newer ones still come [A-DEP-08] [A-DEP-09]', async () => {
    const id = await steps.newDeployment();
    const { revision, syncId } = await steps.deploys(id, 1);
    await steps.end(syncId, 'succeeded');
    await steps.ask(id, 'scale', { replicas: 9 });
    await steps.end(
      await steps.begin(id, { revision, action: 'scale', replicas: [null, 9] }),
      'undone',
    );
    const kept = { desiredStatus: 'active', pinnedRevisionId: null, replicas: null };
    expect(await steps.rowOf(id)).toMatchObject(kept);
    await steps.ask(id, 'stop');
    await steps.end(
      await steps.begin(id, { revision, action: 'stop', replicas: [null, 0] }),
      'undone',
    );
    expect(await steps.rowOf(id)).toMatchObject(kept);
  });

  it('is what serves where it was not let through: nothing else brings it in by a back door [A-DEP-08]', async () => {
    const id = await steps.newDeployment();
    const { revision, syncId } = await steps.deploys(id, 1);
    await steps.end(syncId, 'succeeded');
    await steps.end((await steps.deploys(id, 2)).syncId, 'rejected');
    expect(await steps.rowOf(id)).toMatchObject({
      ...{ desiredStatus: 'rollback', pinnedRevisionId: revision.id, pinnedByUndo: true },
      currentStatus: 'healthy',
    });
    await steps.ask(id, 'stop');
    await steps.end(
      await steps.begin(id, { revision, action: 'stop', replicas: [null, 0] }),
      'rejected',
    );
    expect(await steps.rowOf(id)).toMatchObject({ desiredStatus: 'rollback' });
  });

  it('stays by hand what was rolled back by hand, and stopped what was applied again while it was [A-DEP-08] [A-DEP-09]', async () => {
    const id = await steps.newDeployment();
    const first = await steps.deploys(id, 1);
    await steps.end(first.syncId, 'succeeded');
    await steps.end((await steps.deploys(id, 2)).syncId, 'succeeded');
    await steps.ask(id, 'rollback');
    await steps.end(
      await steps.begin(id, { revision: first.revision, action: 'rollback' }),
      'undone',
    );
    expect(await steps.rowOf(id)).toMatchObject({ desiredStatus: 'rollback', pinnedByUndo: false });
    await steps.ask(id, 'stop');
    const live = await sut.db.deploymentRevision.findUniqueOrThrow({
      where: { id: (await steps.rowOf(id)).liveRevisionId ?? '' },
    });
    const stop = { revision: live, action: 'stop' } as const;
    await steps.end(await steps.begin(id, { ...stop, replicas: [null, 0] }), 'succeeded');
    await steps.ask(id, 'sync');
    await steps.end(await steps.begin(id, { ...stop, replicas: [0, 0] }), 'undone');
    expect(await steps.rowOf(id)).toMatchObject({ desiredStatus: 'stopped' });
  });

  it('does not blame the revision that serves when it was applied once more in vain [A-DEP-08]', async () => {
    const id = await steps.newDeployment();
    const first = await steps.deploys(id, 1);
    await steps.end(first.syncId, 'succeeded');
    await steps.end((await steps.deploys(id, 1)).syncId, 'undone');
    const revision = await sut.db.deploymentRevision.findUniqueOrThrow({
      where: { id: first.revision.id },
    });
    expect(revision).toMatchObject({ status: 'good', quarantineReason: null });
    expect(await steps.rowOf(id)).toMatchObject({
      desiredStatus: 'active',
      currentStatus: 'healthy',
    });
  });
});

describe('a pause', () => {
  it('begins and ends with a reason, which the audit keeps [A-DEP-11]', async () => {
    const id = await steps.newDeployment();
    for (const [word, reason] of [
      ['pause', 'the sale is on'],
      ['resume', 'it is over'],
    ] as const) {
      const address = `/api/v1/deployments/${id}/${word}`;
      expect((await sut.call(admin, 'POST', address, { reason })).status).toBe(202);
      const entry = await sut.db.auditEntry.findFirstOrThrow({
        where: { resourceId: id, action: `deployment.${word}d` },
      });
      expect(entry.detail).toMatchObject({ reason });
    }
  });
});

describe('a gate of a rollout', () => {
  it('ends with it, and does not open once it has ended [A-DEP-11]', async () => {
    const id = await steps.newDeployment();
    const { syncId } = await steps.deploys(id, 1);
    const open = (step: string) =>
      openDeploymentGate(sut.db, { syncId, step, workflowId: `deployment:${id}` });
    expect(await open('sync')).toMatchObject({ status: 'open' });
    await steps.end(syncId, 'succeeded');
    expect(await open('sync')).toMatchObject({ status: 'void' });
    expect(await open('prune')).toMatchObject({ status: 'void' });
  });
});

describe('a rollback', () => {
  it('goes back one rollout each time, never forward to what was fled from [A-DEP-08]', async () => {
    const id = await steps.newDeployment();
    const made: Asked['revision'][] = [];
    for (const round of [1, 2, 3]) {
      const { revision, syncId } = await steps.deploys(id, round);
      await steps.end(syncId, 'succeeded');
      made.push(revision);
    }
    const [one, two] = made;
    await steps.ask(id, 'rollback');
    expect(await steps.rowOf(id)).toMatchObject({ pinnedRevisionId: two?.id, pinnedByUndo: false });
    const back = { revision: two as Asked['revision'], action: 'rollback' } as const;
    await steps.end(await steps.begin(id, back), 'succeeded');
    await steps.ask(id, 'rollback');
    expect(await steps.rowOf(id)).toMatchObject({ pinnedRevisionId: one?.id });
  });

  it('leads to what served before, also where its content is younger than what serves [A-DEP-08]', async () => {
    const id = await steps.newDeployment();
    for (const round of [1, 2, 1])
      await steps.end((await steps.deploys(id, round)).syncId, 'succeeded');
    await steps.ask(id, 'rollback');
    const pinned = await sut.db.deploymentRevision.findUniqueOrThrow({
      where: { id: (await steps.rowOf(id)).pinnedRevisionId ?? '' },
    });
    expect(pinned.number).toBe(2);
  });
});

describe('a stop where nothing was ever good', () => {
  it('makes no revision good, and takes away what an unfinished rollout left [A-DEP-09]', async () => {
    const id = await steps.newDeployment();
    const { revision, syncId } = await steps.deploys(id, 1);
    for (const object of await listWaveObjects(sut.db, syncId, wave)) {
      await noteUndo(sut.db, object, 'remove');
    }
    await finishSync(sut.db, { syncId, outcome: 'superseded', reason: null });
    await steps.ask(id, 'stop');
    let owned = [{ uid: 'u', object: configOf(1) }];
    const target = { list: () => Promise.resolve(owned) };
    const deps = { db: sut.db, store, target } as unknown as DeployActivityDeps;
    const plan = await planSync(deps)({ deploymentId: id });
    expect(plan).toMatchObject({ kind: 'planned', action: 'stop', waves: [], prune: { count: 1 } });
    if (plan.kind === 'planned') await steps.end(plan.syncId, 'succeeded');
    const after = await sut.db.deploymentRevision.findUniqueOrThrow({ where: { id: revision.id } });
    expect(after.status).toBe('rendered');
    const stopped = { liveRevisionId: null, currentStatus: 'pending', statusMessage: 'stopped' };
    expect(await steps.rowOf(id)).toMatchObject(stopped);
    owned = [];
    await steps.ask(id, 'start');
    await steps.ask(id, 'stop');
    expect(await planSync(deps)({ deploymentId: id })).toMatchObject({ kind: 'nothing' });
    expect(await steps.rowOf(id)).toMatchObject(stopped);
  });
});
