import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { applyWave, undoWave } from '../../activities/deploy/apply-wave.ts';
import type { DeployActivityDeps } from '../../activities/deploy/deps.ts';
import { planSync } from '../../activities/deploy/plan-sync.ts';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import type { SyncAction } from '../../contracts/deploy/types.ts';
import { beginSync } from '../../domain/deploy/begin-sync.ts';
import { finishSync } from '../../domain/deploy/finish-sync.ts';
import { openDeploymentGate } from '../../domain/deploy/open-deployment-gate.ts';
import { refuseDesired } from '../../domain/deploy/refuse-desired.ts';
import { planWaves } from '../../domain/deploy/render/plan-waves.ts';
import { readRevision, storeRevision } from '../../domain/deploy/store-revision.ts';
import { noteUndo, listWaveObjects } from '../../domain/deploy/sync-objects.ts';
import { newId } from '../../domain/shared/new-id.ts';
import type { DeploymentRevision } from '../../prisma/generated/client.ts';
import { deploySecrets } from '../../workers/deploy-secrets.ts';
import {
  type AppUnderTest,
  openAppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { createMemoryStore } from '../support/memory-store.ts';

jest.setTimeout(120_000);

let sut: AppUnderTest;
let admin: TestAccount;
let project: { id: string; path: string };
let counter = 0;
const store = createMemoryStore();
const wave = { phase: 'Sync', wave: 0 } as const;

beforeAll(async () => {
  sut = await openAppUnderTest();
  admin = await sut.person('undoadmin', 'admin');
});
afterAll(() => sut.stop());

async function newDeployment(): Promise<string> {
  project = await sut.project(admin, `undone-${String((counter += 1))}`);
  const made = await sut.call(admin, 'POST', `${project.path}/deployments`, {
    imageRef: 'registry.example/app:1',
  });
  expect(made.status).toBe(201);
  return (made.body as { id: string }).id;
}

const rowOf = (id: string) => sut.db.deployment.findUniqueOrThrow({ where: { id } });
const ask = async (id: string, word: string, body: object = {}) => {
  const answer = await sut.call(admin, 'POST', `/api/v1/deployments/${id}/${word}`, body);
  expect(answer.status).toBe(202);
};

const config = (round: number): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'app', namespace: 'shop' },
  data: { round: String(round) },
});

const revisionOf = async (deploymentId: string, manifests: Manifest[]) => {
  const row = await rowOf(deploymentId);
  const { commitSha } = row;
  return storeRevision(sut.db, store, row, { manifests, opsRepoSha: null, commitSha });
};

interface Asked {
  revision: DeploymentRevision;
  action?: SyncAction;
  /** before and after */
  replicas?: [number | null, number | null];
  secretVersions?: Record<string, number>;
}

/** A sync of what is desired now. */
async function begin(deploymentId: string, asked: Asked): Promise<string> {
  const { revision, action = 'deploy', replicas = [null, null], secretVersions = {} } = asked;
  const { id } = await beginSync(sut.db, await rowOf(deploymentId), {
    revision,
    sourceSha: null,
    action,
    previousReplicas: replicas[0],
    replicas: replicas[1],
    secretVersions: new Map(Object.entries(secretVersions)),
    waves: planWaves(await readRevision(store, revision)),
    prune: [],
  });
  return id;
}

const end = (syncId: string, outcome: 'succeeded' | 'undone' | 'rejected') =>
  finishSync(sut.db, { syncId, outcome, reason: outcome === 'succeeded' ? null : 'never ready' });

/** A new wish of the pipeline's, rolled out. */
async function deploys(deploymentId: string, round: number, more: Partial<Asked> = {}) {
  await sut.db.deployment.update({
    where: { id: deploymentId },
    data: { desiredStatus: 'active', pinnedRevisionId: null, generation: { increment: 1 } },
  });
  const revision = await revisionOf(deploymentId, [config(round)]);
  return { revision, syncId: await begin(deploymentId, { revision, ...more }) };
}

type Wanted = { commitSha: string; pipelineId: string; changeId: string };

/** A run that passed, as the columns of the deployment that it asked for. */
async function wantedBy(letter: string, number: number): Promise<Wanted> {
  const wanted = { commitSha: letter.repeat(40), changeId: newId('change') };
  const id = newId('pipeline');
  await sut.db.pipeline.create({
    data: {
      ...{ id, number, projectId: project.id, ...wanted },
      ...{ trigger: 'push', gitRef: 'refs/heads/main', status: 'success' },
    },
  });
  return { ...wanted, pipelineId: id };
}

describe('what is desired once a sync was undone', () => {
  it('is still stopped where it was stopped, and the next start brings back as many replicas as before [A-DEP-08] [A-DEP-09]', async () => {
    const id = await newDeployment();
    const first = await deploys(id, 1);
    await end(first.syncId, 'succeeded');
    await ask(id, 'scale', { replicas: 3 });
    const scale = { revision: first.revision, action: 'scale' } as const;
    await end(await begin(id, { ...scale, replicas: [null, 3] }), 'succeeded');
    await ask(id, 'stop');
    const stop = { revision: first.revision, action: 'stop' } as const;
    await end(await begin(id, { ...stop, replicas: [3, 0] }), 'succeeded');
    const broken = await deploys(id, 2, { replicas: [0, 3] });
    await end(broken.syncId, 'undone');
    expect(await rowOf(id)).toMatchObject({ desiredStatus: 'stopped', replicas: 3 });
    await ask(id, 'start');
    expect(await rowOf(id)).toMatchObject({ desiredStatus: 'rollback', replicas: 3 });
    const start = { revision: first.revision, action: 'scale' } as const;
    await end(await begin(id, { ...start, replicas: [0, 3] }), 'undone');
    expect(await rowOf(id)).toMatchObject({ desiredStatus: 'stopped', replicas: 3 });
  });

  it('is shown with the commit, the run and the change of its revision, and the run that failed says so [A-DEP-08]', async () => {
    const id = await newDeployment();
    const runs = await Promise.all(['a', 'b', 'c'].map((letter, at) => wantedBy(letter, at + 1)));
    const [first, second, third] = runs as [Wanted, Wanted, Wanted];
    const rollOut = async (wanted: Wanted, round: number) => {
      await sut.db.deployment.update({ where: { id }, data: wanted });
      return await deploys(id, round);
    };
    const shown = async () => (await sut.call(admin, 'GET', `/api/v1/deployments/${id}`)).body;
    const toldBy = async ({ pipelineId }: Wanted) => {
      const answer = await sut.call(admin, 'GET', `/api/v1/pipelines/${pipelineId}`);
      return (answer.body as { deployments: unknown[] }).deployments;
    };
    await end((await rollOut(first, 1)).syncId, 'succeeded');
    await end((await rollOut(second, 2)).syncId, 'succeeded');
    expect(await shown()).toMatchObject(second);
    const broken = await rollOut(third, 3);
    const of = { deploymentId: id, environment: 'production' };
    expect(await toldBy(third)).toEqual([{ ...of, status: 'running', reason: null, revision: 3 }]);
    await end(broken.syncId, 'undone');
    expect(await shown()).toMatchObject(second);
    expect(await toldBy(third)).toEqual([
      { ...of, status: 'undone', reason: 'never ready', revision: 3 },
    ]);
    await ask(id, 'rollback');
    expect(await shown()).toMatchObject(first);
    const back = await sut.db.deploymentRevision.findFirstOrThrow({
      where: { deploymentId: id, number: 1 },
    });
    await end(await begin(id, { revision: back, action: 'rollback' }), 'succeeded');
    expect(await toldBy(first)).toMatchObject([{ status: 'succeeded' }]);
    expect(await toldBy(third)).toMatchObject([{ status: 'undone' }]);
    // Promoted, it is what serves, with the run that built that.
    await ask(id, 'promote', { to: 'staging' });
    const { items } = (await sut.call(admin, 'GET', `${project.path}/deployments`)).body as {
      items: { environment: string }[];
    };
    expect(items.find(({ environment }) => environment === 'staging')).toMatchObject(first);
  });

  it('stands on the run also where it could not be rolled out at all, for those who may see deployments [A-DEP-08]', async () => {
    const id = await newDeployment();
    const wanted = await wantedBy('a', 1);
    await sut.db.deployment.update({ where: { id }, data: wanted });
    const told = async (who: TestAccount) =>
      (await sut.call(who, 'GET', `/api/v1/pipelines/${wanted.pipelineId}`)).body as object;
    const of = { deploymentId: id, environment: 'production', revision: null };
    expect(await told(admin)).toMatchObject({ deployments: [{ ...of, status: 'pending' }] });
    const { generation } = await rowOf(id);
    await refuseDesired(sut.db, { deploymentId: id, generation, reason: 'a.yaml:1: no' });
    expect(await told(admin)).toMatchObject({
      deployments: [{ ...of, status: 'refused', reason: 'a.yaml:1: no' }],
    });
  });

  it('is the same revision where only a number of replicas or a stop failed: newer ones still come [A-DEP-08] [A-DEP-09]', async () => {
    const id = await newDeployment();
    const { revision, syncId } = await deploys(id, 1);
    await end(syncId, 'succeeded');
    await ask(id, 'scale', { replicas: 9 });
    await end(await begin(id, { revision, action: 'scale', replicas: [null, 9] }), 'undone');
    const kept = { desiredStatus: 'active', pinnedRevisionId: null, replicas: null };
    expect(await rowOf(id)).toMatchObject(kept);
    await ask(id, 'stop');
    await end(await begin(id, { revision, action: 'stop', replicas: [null, 0] }), 'undone');
    expect(await rowOf(id)).toMatchObject(kept);
  });

  it('is what serves where it was not let through: nothing else brings it in by a back door [A-DEP-08]', async () => {
    const id = await newDeployment();
    const { revision, syncId } = await deploys(id, 1);
    await end(syncId, 'succeeded');
    await end((await deploys(id, 2)).syncId, 'rejected');
    expect(await rowOf(id)).toMatchObject({
      ...{ desiredStatus: 'rollback', pinnedRevisionId: revision.id, pinnedByUndo: true },
      currentStatus: 'healthy',
    });
    await ask(id, 'stop');
    await end(await begin(id, { revision, action: 'stop', replicas: [null, 0] }), 'rejected');
    expect(await rowOf(id)).toMatchObject({ desiredStatus: 'rollback' });
  });

  it('stays by hand what was rolled back by hand, and stopped what was applied again while it was [A-DEP-08] [A-DEP-09]', async () => {
    const id = await newDeployment();
    const first = await deploys(id, 1);
    await end(first.syncId, 'succeeded');
    await end((await deploys(id, 2)).syncId, 'succeeded');
    await ask(id, 'rollback');
    await end(await begin(id, { revision: first.revision, action: 'rollback' }), 'undone');
    expect(await rowOf(id)).toMatchObject({ desiredStatus: 'rollback', pinnedByUndo: false });
    await ask(id, 'stop');
    const live = await sut.db.deploymentRevision.findUniqueOrThrow({
      where: { id: (await rowOf(id)).liveRevisionId ?? '' },
    });
    const stop = { revision: live, action: 'stop' } as const;
    await end(await begin(id, { ...stop, replicas: [null, 0] }), 'succeeded');
    await ask(id, 'sync');
    await end(await begin(id, { ...stop, replicas: [0, 0] }), 'undone');
    expect(await rowOf(id)).toMatchObject({ desiredStatus: 'stopped' });
  });

  it('does not blame the revision that serves when it was applied once more in vain [A-DEP-08]', async () => {
    const id = await newDeployment();
    const first = await deploys(id, 1);
    await end(first.syncId, 'succeeded');
    await end((await deploys(id, 1)).syncId, 'undone');
    const revision = await sut.db.deploymentRevision.findUniqueOrThrow({
      where: { id: first.revision.id },
    });
    expect(revision).toMatchObject({ status: 'good', quarantineReason: null });
    expect(await rowOf(id)).toMatchObject({ desiredStatus: 'active', currentStatus: 'healthy' });
  });
});

describe('a pause', () => {
  it('begins and ends with a reason, which the audit keeps [A-DEP-11]', async () => {
    const id = await newDeployment();
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

describe('a gate of a roll-out', () => {
  it('ends with it, and does not open once it has ended [A-DEP-11]', async () => {
    const id = await newDeployment();
    const { syncId } = await deploys(id, 1);
    const open = (step: string) =>
      openDeploymentGate(sut.db, { syncId, step, workflowId: `deployment:${id}` });
    expect(await open('sync')).toMatchObject({ status: 'open' });
    await end(syncId, 'succeeded');
    expect(await open('sync')).toMatchObject({ status: 'void' });
    expect(await open('prune')).toMatchObject({ status: 'void' });
  });
});

describe('a rollback', () => {
  it('goes back one roll-out each time, never forward to what was fled from [A-DEP-08]', async () => {
    const id = await newDeployment();
    const made: DeploymentRevision[] = [];
    for (const round of [1, 2, 3]) {
      const { revision, syncId } = await deploys(id, round);
      await end(syncId, 'succeeded');
      made.push(revision);
    }
    const [one, two] = made;
    await ask(id, 'rollback');
    expect(await rowOf(id)).toMatchObject({ pinnedRevisionId: two?.id, pinnedByUndo: false });
    const back = { revision: two as DeploymentRevision, action: 'rollback' } as const;
    await end(await begin(id, back), 'succeeded');
    await ask(id, 'rollback');
    expect(await rowOf(id)).toMatchObject({ pinnedRevisionId: one?.id });
  });

  it('leads to what served before, also where its content is younger than what serves [A-DEP-08]', async () => {
    const id = await newDeployment();
    for (const round of [1, 2, 1]) await end((await deploys(id, round)).syncId, 'succeeded');
    await ask(id, 'rollback');
    const pinned = await sut.db.deploymentRevision.findUniqueOrThrow({
      where: { id: (await rowOf(id)).pinnedRevisionId ?? '' },
    });
    expect(pinned.number).toBe(2);
  });
});

describe('a stop where nothing was ever good', () => {
  it('makes no revision good, and takes away what an unfinished roll-out left [A-DEP-09]', async () => {
    const id = await newDeployment();
    const { revision, syncId } = await deploys(id, 1);
    for (const object of await listWaveObjects(sut.db, syncId, wave)) {
      await noteUndo(sut.db, object, 'remove');
    }
    await finishSync(sut.db, { syncId, outcome: 'superseded', reason: null });
    await ask(id, 'stop');
    let owned = [{ uid: 'u', object: config(1) }];
    const target = { list: () => Promise.resolve(owned) };
    const deps = { db: sut.db, store, target } as unknown as DeployActivityDeps;
    const plan = await planSync(deps)({ deploymentId: id });
    expect(plan).toMatchObject({ kind: 'planned', action: 'stop', waves: [], prune: { count: 1 } });
    if (plan.kind === 'planned') await end(plan.syncId, 'succeeded');
    const after = await sut.db.deploymentRevision.findUniqueOrThrow({ where: { id: revision.id } });
    expect(after.status).toBe('rendered');
    const stopped = { liveRevisionId: null, currentStatus: 'pending', statusMessage: 'stopped' };
    expect(await rowOf(id)).toMatchObject(stopped);
    owned = [];
    await ask(id, 'start');
    await ask(id, 'stop');
    expect(await planSync(deps)({ deploymentId: id })).toMatchObject({ kind: 'nothing' });
    expect(await rowOf(id)).toMatchObject(stopped);
  });
});

describe('the secrets of a roll-out that failed', () => {
  const secret: Manifest = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'keys', namespace: 'shop' },
    stringData: { key: '${{ secrets.API_KEY }}' },
  };
  const put = (value: string) =>
    sut.call(admin, 'PUT', `${project.path}/secrets/API_KEY`, { value, scope: 'deploy' });

  it('go back with it to the versions that served, and are not tried again by themselves [A-SEC-05] [A-DEP-08]', async () => {
    const id = await newDeployment();
    await put('canary-good');
    const given: unknown[] = [];
    const target = {
      read: () => Promise.resolve(null),
      list: () => Promise.resolve([]),
      apply: (_scope: unknown, manifest: Manifest) => {
        given.push((manifest['stringData'] as Record<string, unknown>)['key']);
        return Promise.resolve({ uid: 'u', changed: true });
      },
    };
    const secrets = deploySecrets(sut.db, sut.services.secretBox, sut.services.gitStore);
    const deps = { db: sut.db, store, target, secrets } as unknown as DeployActivityDeps;
    const revision = await revisionOf(id, [secret]);
    await sut.db.deployment.update({
      where: { id },
      data: { desiredStatus: 'rollback', pinnedRevisionId: revision.id },
    });
    const planned = async () => {
      const plan = await planSync(deps)({ deploymentId: id });
      return plan.kind === 'planned' ? plan.syncId : null;
    };
    const first = (await planned()) ?? '';
    await applyWave(deps)({ syncId: first, ...wave });
    await end(first, 'succeeded');
    await put('canary-bad');
    const second = (await planned()) ?? '';
    await applyWave(deps)({ syncId: second, ...wave });
    await undoWave(deps)({ syncId: second, ...wave });
    expect(given).toEqual(['canary-good', 'canary-bad', 'canary-good']);
    await end(second, 'undone');
    expect(await planned()).toBeNull();
    await put('canary-mended');
    expect(await planned()).not.toBeNull();
  });
});
