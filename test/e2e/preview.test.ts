import { access } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { eventually } from '../support/eventually.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import {
  answerAt,
  expectAnswer,
  openRequest,
  previewFiles,
  previewWhen,
  pushBranch,
} from '../support/previewable.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';

let slipway: Slipway;
let work: WorkTree;
const project = 'admin/app';

beforeAll(async () => {
  slipway = await startSlipway();
  const made = await slipway.request('POST', '/api/v1/projects', { name: 'app' });
  expect(made.status).toBe(201);
  work = await makeWorkTree(`${slipway.baseUrl}/${project}.git`, slipway.adminToken);
  await work.write({ 'README.md': '# app\n' });
  await work.commit('first');
  await work.git('push', '--quiet', 'origin', 'HEAD:main');
}, 120_000);

afterAll(async () => {
  await work.remove();
  await slipway.stop();
}, 60_000);

/** Everything that a preview could leave behind. */
async function leftOvers(number: number): Promise<string[]> {
  const { db } = slipway.database;
  const rows = await db.deployment.count({ where: { mergeRequest: { number } } });
  const leases = await db.secretLease.count({ where: { endedAt: null } });
  const kept = path.join(slipway.home, 'apps', 'objects', `admin-app-preview-${String(number)}`);
  const isKept = await access(kept).then(
    () => true,
    () => false,
  );
  return [
    ...(rows > 0 ? ['a deployment'] : []),
    ...(leases > 0 ? ['a lease'] : []),
    ...(isKept ? ['objects of the target'] : []),
  ];
}

const secretFiles = {
  'apps/app/secret.yaml': `apiVersion: v1
kind: Secret
metadata: { name: keys }
stringData: { greeting: "${'${{ secrets.GREETING }}'}" }
`,
};

/** The application answers its version and the secret that it was started with. */
function withSecret(files: Record<string, string>): Record<string, string> {
  return {
    ...files,
    ...secretFiles,
    'server.mjs': (files['server.mjs'] ?? '').replace(
      'res.end(VERSION)',
      'res.end(`${VERSION} ${process.env.GREETING}`)',
    ),
    'apps/app/deployment.yaml': (files['apps/app/deployment.yaml'] ?? '').replace(
      'ports:',
      'env: [{ name: GREETING, valueFrom: { secretKeyRef: { name: keys, key: greeting } } }]\n          ports:',
    ),
  };
}

describe('the preview of a merge request', () => {
  it('comes up when the pipeline of its head is green, follows pushes, ends with a close and comes back [A-DEP-01] [A-MR-06]', async () => {
    const first = await pushBranch(work, 'topic', previewFiles('one'));
    const request = await openRequest(slipway, project, 'topic');
    const up = await previewWhen(slipway, request, ({ state }) => state === 'running');
    expect(up).toMatchObject({
      commitSha: first,
      endReason: null,
      pipeline: { status: 'success' },
    });
    const url = up.addresses[0]?.url ?? '';
    await expectAnswer(url, 'one');
    const second = await pushBranch(work, 'topic', previewFiles('two'));
    await previewWhen(
      slipway,
      request,
      ({ state, commitSha }) => state === 'running' && commitSha === second,
    );
    await expectAnswer(url, 'two');
    const matrix = await slipway.request('GET', `/api/v1/projects/${project}/deployments`);
    expect(matrix.body).toEqual({ items: [] });
    await slipway.request('POST', `${request}/close`);
    const gone = await previewWhen(slipway, request, ({ state }) => state === 'gone');
    expect(gone).toMatchObject({ endReason: 'closed', deploymentId: null, addresses: [] });
    expect(await answerAt(url)).toBe('refused');
    expect(await leftOvers(1)).toEqual([]);
    await slipway.request('POST', `${request}/reopen`);
    const back = await previewWhen(slipway, request, ({ state }) => state === 'running');
    await expectAnswer(back.addresses[0]?.url ?? '', 'two');
    await slipway.request('POST', `${request}/preview/stop`);
    await previewWhen(slipway, request, ({ endReason }) => endReason === 'stopped');
    expect(await leftOvers(1)).toEqual([]);
  }, 240_000);

  it('tells why it does not come up, opens no revert and asks nobody; a better push mends it [A-DEP-07]', async () => {
    await pushBranch(work, 'broken', previewFiles('bad', { broken: true }));
    const request = await openRequest(slipway, project, 'broken');
    const failed = await previewWhen(slipway, request, ({ state }) => state === 'failed');
    expect(failed.reason).toContain('revision 1 failed');
    await pushBranch(work, 'broken', previewFiles('good'));
    const up = await previewWhen(slipway, request, ({ state }) => state === 'running');
    await expectAnswer(up.addresses[0]?.url ?? '', 'good');
    const { db } = slipway.database;
    expect(await db.revertRequest.count()).toBe(0);
    expect(await db.gate.count()).toBe(0);
    await slipway.request('POST', `${request}/merge`, {});
    await previewWhen(slipway, request, ({ endReason }) => endReason === 'merged');
    expect(await leftOvers(2)).toEqual([]);
  }, 240_000);

  it('leaves nothing behind though the workers are killed while it comes up and while it goes [A-DEP-14]', async () => {
    await pushBranch(work, 'killed', previewFiles('killed'));
    const request = await openRequest(slipway, project, 'killed');
    const { db } = slipway.database;
    const coming = await eventually(
      async () =>
        (await db.deploymentSync.findFirst({
          where: { deployment: { mergeRequest: { number: 3 } } },
        })) ?? undefined,
      120_000,
    );
    expect(coming.number).toBe(1);
    await slipway.kill('workers');
    await slipway.start('workers');
    const up = await previewWhen(slipway, request, ({ state }) => state === 'running');
    const url = up.addresses[0]?.url ?? '';
    await expectAnswer(url, 'killed');
    await slipway.request('POST', `${request}/close`);
    await previewWhen(slipway, request, ({ state }) => state === 'ending' || state === 'gone');
    await slipway.kill('workers');
    await slipway.start('workers');
    await previewWhen(slipway, request, ({ state }) => state === 'gone');
    expect(await answerAt(url)).toBe('refused');
    expect(await leftOvers(3)).toEqual([]);
  }, 240_000);

  it('holds secrets for as long as it lives: by version, in Secret objects only, ended with it [A-SEC-05] [A-SEC-07] [A-SEC-08]', async () => {
    const secret = `/api/v1/projects/${project}/secrets/GREETING`;
    const set = (value: string) =>
      slipway.request('PUT', secret, { value, scope: 'deploy', environment: 'preview' });
    await set('canary-hello');
    await pushBranch(work, 'secret', withSecret(previewFiles('s')));
    const request = await openRequest(slipway, project, 'secret');
    const up = await previewWhen(slipway, request, ({ state }) => state === 'running');
    const url = up.addresses[0]?.url ?? '';
    await expectAnswer(url, 's canary-hello');
    expect(up.secrets).toMatchObject([{ name: 'GREETING', version: 1, endedAt: null }]);
    await set('canary-again');
    await slipway.request('POST', `/api/v1/deployments/${up.deploymentId ?? ''}/sync`, {});
    await expectAnswer(url, 's canary-again');
    await slipway.request('POST', `${request}/close`);
    const gone = await previewWhen(slipway, request, ({ state }) => state === 'gone');
    expect(gone.secrets).toMatchObject([
      { version: 2, endedAt: expect.any(String) },
      { version: 1, endedAt: expect.any(String) },
    ]);
    expect(await leftOvers(4)).toEqual([]);
    const { db } = slipway.database;
    const audit = await db.auditEntry.findMany({ where: { action: 'secret.lease_ended' } });
    expect(audit).toHaveLength(1);
    const events = JSON.stringify(await db.event.findMany(), (_key, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    expect(events + slipway.output()).not.toContain('canary-');
  }, 240_000);

  it('is gone when its time is over, and has all of it again when it is renewed', async () => {
    await pushBranch(work, 'brief', previewFiles('brief', { more: 'ttl: 1h' }));
    const request = await openRequest(slipway, project, 'brief');
    const up = await previewWhen(slipway, request, ({ state }) => state === 'running');
    expect(Date.parse(up.expiresAt ?? '')).toBeGreaterThan(Date.now() + 1_800_000);
    expect(Date.parse(up.expiresAt ?? '')).toBeLessThanOrEqual(Date.now() + 3_600_000);
    const { db } = slipway.database;
    await db.preview.updateMany({
      where: { mergeRequest: { number: 5 } },
      data: { expiresAt: new Date(Date.now() - 1) },
    });
    // its timer is an hour away: any wake reads the time again
    await slipway.request('POST', `/api/v1/deployments/${up.deploymentId ?? ''}/sync`, {});
    await previewWhen(slipway, request, ({ endReason }) => endReason === 'expired');
    await slipway.request('POST', `${request}/preview/renew`);
    const back = await previewWhen(slipway, request, ({ state }) => state === 'running');
    await expectAnswer(back.addresses[0]?.url ?? '', 'brief');
  }, 240_000);

  it('takes its deployment down with its workflow, whatever ends that, and comes back when it is asked for [A-DEP-01]', async () => {
    const request = `/api/v1/projects/${project}/merge-requests/5`;
    const up = await previewWhen(slipway, request, ({ state }) => state === 'running');
    const { db } = slipway.database;
    const { id } = await db.mergeRequest.findFirstOrThrow({ where: { number: 5 } });
    const connection = await Connection.connect({ address: slipway.temporal.address });
    const client = new Client({ connection, namespace: slipway.temporal.namespace });
    await client.workflow.getHandle(`preview:${id}`).terminate('by an operator');
    await connection.close();
    // a row goes only when nothing is left of what it speaks of
    const isGone = async () =>
      (await db.deployment.count({ where: { id: up.deploymentId ?? '' } })) === 0;
    await eventually(async () => ((await isGone()) ? true : undefined), 120_000);
    await slipway.request('POST', `${request}/preview/renew`);
    const back = await previewWhen(
      slipway,
      request,
      ({ state, deploymentId }) => state === 'running' && deploymentId !== up.deploymentId,
    );
    await expectAnswer(back.addresses[0]?.url ?? '', 'brief');
  }, 240_000);

  it('comes up when a red pipeline is run again and ends green, without a push [A-DEP-01] [A-MR-06]', async () => {
    const { db } = slipway.database;
    const last = await db.pipeline.findFirstOrThrow({ orderBy: { number: 'desc' } });
    const redUpTo = last.number + 1;
    const head = await pushBranch(work, 'again', previewFiles('again', { redUpTo }));
    const request = await openRequest(slipway, project, 'again');
    const red = await previewWhen(slipway, request, ({ state }) => state === 'failed');
    expect(red.pipeline).toMatchObject({ number: redUpTo, status: 'failure' });
    const { id } = await db.pipeline.findFirstOrThrow({ where: { number: redUpTo } });
    const again = await slipway.request('POST', `/api/v1/pipelines/${id}/rerun`);
    expect(again).toMatchObject({ status: 201, body: { trigger: 'mr' } });
    const up = await previewWhen(slipway, request, ({ state }) => state === 'running');
    expect(up).toMatchObject({ commitSha: head, pipeline: { number: redUpTo + 1 } });
    await expectAnswer(up.addresses[0]?.url ?? '', 'again');
    await slipway.request('POST', `${request}/close`);
    await previewWhen(slipway, request, ({ endReason }) => endReason === 'closed');
  }, 240_000);
});
