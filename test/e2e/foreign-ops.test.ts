import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  appFiles,
  deploymentWhen,
  isSettled,
  type ShownDeployment,
} from '../support/deployable.ts';
import { eventually, holds } from '../support/eventually.ts';
import { type ForeignGit, openForeignGit } from '../support/foreign-git.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';

let slipway: Slipway;
let foreign: ForeignGit;
let ops: WorkTree;
let opsRepoId: string;
const project = 'admin/app';
const password = 'robot:canary-4711-of-the-ops-server';

beforeAll(async () => {
  foreign = await openForeignGit();
  foreign.password = password;
  ops = await foreign.repository('ops');
  slipway = await startSlipway({ env: { SLIPWAY_OUTBOUND_ALLOW_HOSTS: '127.0.0.1' } });
  await slipway.request('POST', '/api/v1/projects', { name: 'app' });
  const work = await makeWorkTree(`${slipway.baseUrl}/${project}.git`, slipway.adminToken);
  await work.write(appFiles('one'));
  await work.commit('app');
  await work.git('push', '--quiet', 'origin', 'HEAD:main');
  await work.remove();
}, 240_000);

afterAll(async () => {
  await slipway.stop();
  await foreign.close();
}, 240_000);

async function pushOps(files: Record<string, string>): Promise<string> {
  await ops.write(files);
  const sha = await ops.commit('change');
  await ops.git('push', '--quiet', 'origin', 'HEAD:main');
  return sha;
}

const opsRepo = async () => {
  const answer = await slipway.request('GET', `/api/v1/ops-repos/${opsRepoId}`);
  return answer.body as { headSha: string | null; fetchError: string | null };
};
const when = (isWanted: (found: ShownDeployment) => boolean) =>
  deploymentWhen(slipway, project, (found) => isSettled(found) && isWanted(found), 180_000);
const at = (sha: string) => when((found) => found.currentSha === sha);

describe('an application whose manifests lie on a foreign git server', () => {
  it('is rolled out from there, read with a credential [A-DEP-04] [A-DEP-05] [A-DEP-06]', async () => {
    const { id } = await when(({ currentStatus }) => currentStatus === 'healthy');
    const { 'server.mjs': _app, '.platform.yaml': _pipeline, ...manifests } = appFiles('ops');
    const first = await pushOps(manifests);
    await slipway.request('PUT', '/api/v1/secrets/OPS_TOKEN', { value: password, scope: 'deploy' });
    const made = await slipway.request('POST', '/api/v1/ops-repos', {
      name: 'ops',
      repoUrl: `${foreign.url}/ops.git`,
      credentialSecret: 'OPS_TOKEN',
      syncIntervalS: 5,
    });
    expect(made.status).toBe(201);
    opsRepoId = (made.body as { id: string }).id;
    await slipway.request('PATCH', `/api/v1/deployments/${id}`, { opsRepoId, bakeSeconds: 1 });
    expect(await at(first)).toMatchObject({ currentStatus: 'healthy' });
  }, 240_000);

  it('follows a push to it by polling [A-DEP-03] [A-DEP-04]', async () => {
    const second = await pushOps({ 'apps/app/values.yaml': 'replicas: 2\n' });
    const after = await at(second);
    expect(after).toMatchObject({ currentStatus: 'healthy', lastSync: { status: 'succeeded' } });
  }, 240_000);

  it('rolls back, and forward to the last commit, while the server is away; the error is shown until it is back [A-DEP-04] [A-DEP-08]', async () => {
    foreign.mode = 'away';
    await holds(
      async () => expect((await opsRepo()).fetchError).toMatch(/connection failed/),
      120_000,
    );
    const before = await when(() => true);
    const ask = (word: string, body: object) =>
      slipway.request('POST', `/api/v1/deployments/${before.id}/${word}`, body);
    const served = before.liveRevision?.number ?? 0;
    expect((await ask('rollback', {})).status).toBe(202);
    const back = await when((found) => (found.liveRevision?.number ?? served) < served);
    expect(back).toMatchObject({ desiredStatus: 'rollback', currentStatus: 'healthy' });
    await slipway.request('PATCH', `/api/v1/deployments/${before.id}`, {
      valuesOverride: { replicas: 2 },
    });
    const forward = await when((found) => found.desiredStatus === 'active');
    expect(forward).toMatchObject({ currentSha: before.currentSha, currentStatus: 'healthy' });
    foreign.mode = 'up';
    await slipway.request('POST', `/api/v1/ops-repos/${opsRepoId}/fetch`);
    await holds(async () => expect((await opsRepo()).fetchError).toBeNull(), 120_000);
  }, 240_000);

  it('says which commit has to be reverted where when a revision of it is undone [A-DEP-08]', async () => {
    const template = appFiles('ops', { broken: true })['apps/app/deployment.yaml'] ?? '';
    const bad = await pushOps({
      'apps/app/deployment.yaml': template.replace('node, server.mjs', 'node, gone.mjs'),
    });
    const after = await when((found) => found.lastSync?.status === 'undone');
    const todo = `Revert commit ${bad} in ${foreign.url}/ops.git (branch main)`;
    expect(after.lastSync?.reason).toContain(todo);
    expect(after.statusMessage).toContain(todo);
    const revisions = await slipway.request('GET', `/api/v1/deployments/${after.id}/revisions`);
    const { items } = revisions.body as { items: { status: string; quarantineReason: string }[] };
    expect(items.find(({ status }) => status === 'bad')?.quarantineReason).toContain(todo);
    const requests = await slipway.request('GET', `/api/v1/projects/${project}/merge-requests`);
    expect(requests.body).toMatchObject({ items: [] });
  }, 240_000);

  it('leaves its credential nowhere [A-DEP-04] [A-SEC-05]', async () => {
    const { db } = slipway.database;
    const rows = await eventually(async () => await db.opsRepo.findMany());
    const all = JSON.stringify([rows, await db.event.findMany({ omit: { xid: true, seq: true } })]);
    for (const form of ['canary-4711', Buffer.from(password).toString('base64')]) {
      expect(all).not.toContain(form);
      expect(slipway.output()).not.toContain(form);
    }
  }, 240_000);
});
