import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  appFiles,
  deploymentWhen,
  isSettled,
  type ShownDeployment,
  watchAddress,
} from '../support/deployable.ts';
import { eventually, holds } from '../support/eventually.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';

let slipway: Slipway;
let work: WorkTree;
const project = 'admin/app';

beforeAll(async () => {
  slipway = await startSlipway();
  const made = await slipway.request('POST', '/api/v1/projects', { name: 'app' });
  expect(made.status).toBe(201);
  work = await makeWorkTree(`${slipway.baseUrl}/${project}.git`, slipway.adminToken);
}, 240_000);

afterAll(async () => {
  await work.remove();
  await slipway.stop();
}, 240_000);

async function push(files: Record<string, string>): Promise<string> {
  await work.write(files);
  const sha = await work.commit('change');
  await work.git('push', '--quiet', 'origin', 'HEAD:main');
  return sha;
}

/** Waits until the application answers so; after a restart of the workers it is on its way up for a moment. */
const answers = (deployment: ShownDeployment, text: string) =>
  holds(async () =>
    expect(await (await fetch(deployment.addresses[0]?.url ?? '')).text()).toBe(text),
  );

async function historyOf(deployment: ShownDeployment) {
  const page = await slipway.request('GET', `/api/v1/deployments/${deployment.id}/history`);
  return (page.body as { items: { action: string; status: string; imageRef: string }[] }).items;
}

const pipelineCount = async () => await slipway.database.db.pipeline.count();

describe('from a green pipeline to a running application', () => {
  it('brings up what a green run delivered, healthy and reachable, and writes history [A-DEP-03] [A-DEP-07] [A-DEP-10] [A-PIPE-09]', async () => {
    await push(appFiles('one'));
    const deployment = await deploymentWhen(slipway, project, isSettled);
    expect(deployment).toMatchObject({
      environment: 'production',
      desiredStatus: 'active',
      currentStatus: 'healthy',
      imageRef: expect.stringMatching(/^artifact:app@sha256:[0-9a-f]{64}$/),
      liveRevision: { number: 1 },
      lastSync: { status: 'succeeded', action: 'deploy' },
    });
    await answers(deployment, 'one');
    await holds(async () =>
      expect(await historyOf(deployment)).toMatchObject([{ action: 'deploy', status: 'success' }]),
    );
  }, 240_000);

  it('takes a version back that never gets ready: the one before serves without a failed request, the bad one lies in quarantine [A-DEP-07] [A-DEP-08]', async () => {
    const before = await deploymentWhen(slipway, project, isSettled);
    const watch = watchAddress(before.addresses[0]?.url ?? '');
    await push(appFiles('two', { broken: true }));
    const after = await deploymentWhen(
      slipway,
      project,
      (deployment) =>
        deployment.lastSync?.status === 'undone' &&
        deployment.currentStatus === 'healthy' &&
        isSettled(deployment),
    );
    await watch.stop();
    expect(after).toMatchObject({
      desiredStatus: 'rollback',
      currentStatus: 'healthy',
      imageRef: before.imageRef,
      liveRevision: { number: 1 },
      statusMessage: expect.stringContaining('revision 1 serves'),
    });
    expect(new Set(watch.answers)).toEqual(new Set(['200 one']));
    await holds(async () => {
      const revisions = await slipway.request('GET', `/api/v1/deployments/${after.id}/revisions`);
      expect(revisions.body).toMatchObject({
        items: [
          { number: 2, status: 'bad' },
          { number: 1, status: 'good' },
        ],
      });
      expect(await historyOf(after)).toMatchObject([
        { action: 'rollback', status: 'success', imageRef: before.imageRef },
        { action: 'deploy', status: 'failure' },
        { action: 'deploy', status: 'success' },
      ]);
    });
  }, 240_000);

  it('opens a merge request that takes the bad commit back, so that git says again what runs [A-DEP-08]', async () => {
    const opened = await eventually(async () => {
      const page = await slipway.request('GET', `/api/v1/projects/${project}/merge-requests`);
      const { items } = page.body as { items: { title: string; status: string }[] };
      return items.length > 0 ? items : undefined;
    });
    expect(opened).toMatchObject([{ title: expect.stringContaining('Revert'), status: 'open' }]);
  }, 240_000);

  it('lifts the quarantine with a newer commit, and rolls back by hand without a new pipeline [A-DEP-08]', async () => {
    await push(appFiles('three'));
    const third = await deploymentWhen(
      slipway,
      project,
      (deployment) => deployment.liveRevision?.number === 3 && isSettled(deployment),
    );
    expect(third).toMatchObject({ desiredStatus: 'active', currentStatus: 'healthy' });
    await answers(third, 'three');
    const pipelines = await pipelineCount();
    const asked = await slipway.request('POST', `/api/v1/deployments/${third.id}/rollback`, {});
    expect(asked.status).toBe(202);
    const back = await deploymentWhen(
      slipway,
      project,
      (deployment) => deployment.liveRevision?.number === 1 && isSettled(deployment),
    );
    expect(back).toMatchObject({ desiredStatus: 'rollback', currentStatus: 'healthy' });
    await answers(back, 'one');
    expect(await pipelineCount()).toBe(pipelines);
    await holds(async () =>
      expect((await historyOf(back))[0]).toMatchObject({ action: 'rollback', status: 'success' }),
    );
  }, 240_000);

  it('takes the application down and up again, and scales it [A-DEP-09] [A-DEP-10]', async () => {
    const running = await deploymentWhen(slipway, project, isSettled);
    const url = running.addresses[0]?.url ?? '';
    await slipway.request('POST', `/api/v1/deployments/${running.id}/stop`, {});
    const stopped = await deploymentWhen(
      slipway,
      project,
      (deployment) => deployment.lastSync?.action === 'stop' && isSettled(deployment),
    );
    expect(stopped).toMatchObject({ desiredStatus: 'stopped', lastSync: { status: 'succeeded' } });
    // a connection kept from before is answered, a new one is reset
    await holds(async () => {
      const state = await fetch(url).then(
        ({ status }) => status,
        () => 'reset',
      );
      expect([503, 'reset']).toContain(state);
    });
    await slipway.request('POST', `/api/v1/deployments/${running.id}/start`, {});
    const started = await deploymentWhen(
      slipway,
      project,
      (deployment) => deployment.lastSync?.action !== 'stop' && isSettled(deployment),
    );
    await answers(started, 'one');
    await holds(async () =>
      expect((await historyOf(started)).map(({ action }) => action).slice(0, 2)).toEqual([
        'scale',
        'stop',
      ]),
    );
  }, 240_000);

  it('resumes a rollout whose workers were killed, and the application comes back with them [A-DEP-14]', async () => {
    const before = await deploymentWhen(slipway, project, isSettled);
    await push(appFiles('four'));
    await eventually(async () => {
      const { syncs } = await slipway.database.db.deployment.findUniqueOrThrow({
        where: { id: before.id },
        include: { syncs: { where: { status: 'running' } } },
      });
      return syncs.length > 0 ? true : undefined;
    }, 60_000);
    await slipway.kill('workers');
    await slipway.start('workers');
    const after = await deploymentWhen(
      slipway,
      project,
      (deployment) => deployment.liveRevision?.number === 4 && isSettled(deployment),
    );
    expect(after.currentStatus).toBe('healthy');
    await answers(after, 'four');
  }, 240_000);

  it('follows an ops repository: a push to it rolls out at once, with its own values [A-DEP-04] [A-DEP-05] [A-DEP-06]', async () => {
    const before = await deploymentWhen(slipway, project, isSettled);
    expect((await slipway.request('POST', '/api/v1/projects', { name: 'ops' })).status).toBe(201);
    const ops = await makeWorkTree(`${slipway.baseUrl}/admin/ops.git`, slipway.adminToken);
    const { 'server.mjs': _app, '.platform.yaml': _pipeline, ...manifests } = appFiles('ops');
    await ops.write(manifests);
    const first = await ops.commit('manifests');
    await ops.git('push', '--quiet', 'origin', 'HEAD:main');
    const made = await slipway.request('POST', '/api/v1/ops-repos', {
      name: 'ops',
      repoUrl: '/admin/ops.git',
      syncIntervalS: 3600,
    });
    const { id } = made.body as { id: string };
    await slipway.request('PATCH', `/api/v1/deployments/${before.id}`, { opsRepoId: id });
    const atFirst = (sha: string) =>
      deploymentWhen(slipway, project, (found) => isSettled(found) && found.currentSha === sha);
    await atFirst(first);
    await ops.write({ 'apps/app/values.yaml': 'replicas: 2\n' });
    const second = await ops.commit('two replicas');
    await ops.git('push', '--quiet', 'origin', 'HEAD:main');
    const after = await atFirst(second);
    expect(after).toMatchObject({ currentStatus: 'healthy', lastSync: { status: 'succeeded' } });
    await holds(async () => {
      const syncs = await slipway.request('GET', `/api/v1/deployments/${after.id}/syncs?limit=5`);
      expect(JSON.stringify(syncs.body)).toContain('2 of 2 replicas ready');
    });
    const template = manifests['apps/app/deployment.yaml'] ?? '';
    await ops.write({
      'apps/app/deployment.yaml': template
        .replace('node, server.mjs', 'node, gone.mjs')
        .replace('progressDeadlineSeconds: 120', 'progressDeadlineSeconds: 10'),
    });
    await ops.commit('broken');
    await ops.git('push', '--quiet', 'origin', 'HEAD:main');
    await ops.remove();
    const undone = (found: ShownDeployment) =>
      isSettled(found) && found.lastSync?.status === 'undone';
    expect(await deploymentWhen(slipway, project, undone)).toMatchObject({
      desiredStatus: 'rollback',
      currentStatus: 'healthy',
    });
  }, 240_000);

  it('follows its ops repository again as soon as the merge request that reverts the bad commit is merged [A-DEP-08] [A-DEP-04]', async () => {
    const requests = '/api/v1/projects/admin/ops/merge-requests';
    const revert = await eventually(async () => {
      const page = await slipway.request('GET', requests);
      return (page.body as { items: { number: number }[] }).items[0];
    });
    const address = `${requests}/${String(revert.number)}/merge`;
    const merged = await slipway.request('POST', address, {});
    expect(merged.status).toBe(200);
    const { sha } = merged.body as { sha?: string };
    const after = await deploymentWhen(
      slipway,
      project,
      (found) => isSettled(found) && found.desiredStatus === 'active',
    );
    expect(after).toMatchObject({ currentStatus: 'healthy', ...(sha && { currentSha: sha }) });
    await answers(after, 'four');
  }, 240_000);
});
