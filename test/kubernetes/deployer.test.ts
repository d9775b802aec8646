import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SendToKube } from '../../adapters/kubernetes/kube-connection.ts';
import { part } from '../../adapters/kubernetes/part.ts';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { changeLabel, fieldManager, ownerLabel } from '../../contracts/deploy/target.ts';
import { type ShownDeployment, watchAddress } from '../support/deployable.ts';
import { eventually } from '../support/eventually.ts';
import {
  appHooks,
  appObjects,
  type AppValues,
  clusterAppFiles,
  collectionPath,
  isThere as isObjectThere,
  liveObject,
  settled,
} from '../support/kubernetes/cluster-app.ts';
import {
  type ClusterDeployer,
  startClusterDeployer,
} from '../support/kubernetes/cluster-deployer.ts';
import { openServiceProxy, type ServiceProxy } from '../support/kubernetes/service-proxy.ts';
import { pauseImage } from '../support/kubernetes/settings.ts';
import type { Slipway } from '../support/slipway.ts';

const project = 'admin/app';
const namespace = 'admin-app-production';
/** from the first wave to the last */
const firstWaves = ['Secret/keys', 'ConfigMap/settings', 'Deployment/web'];

let deployer: ClusterDeployer;
let send: SendToKube;
let proxy: ServiceProxy;
let slipway: Slipway;
/** the objects of the first version, as they were when it was healthy */
let first: Map<string, Manifest>;

beforeAll(async () => {
  deployer = await startClusterDeployer();
  ({ send, slipway } = deployer);
  proxy = openServiceProxy(send);
}, 240_000);

afterAll(async () => {
  proxy.close();
  await deployer.stop();
}, 120_000);

async function push(values: AppValues): Promise<void> {
  await deployer.push(clusterAppFiles(values), `version ${values.round}`);
}

const live = (key: string) => liveObject(send, namespace, key);

async function readAll(): Promise<Map<string, Manifest>> {
  const found = new Map<string, Manifest>();
  for (const key of [...appObjects, ...appHooks]) found.set(key, await live(key));
  return found;
}

const isThere = (key: string) => isObjectThere(send, namespace, key);

/** What stays the same as long as nobody asks for something else. */
function askedFor({ metadata, ...object }: Manifest) {
  const { name, uid, labels, generation } = metadata;
  const { status: _status, ...content } = object;
  return { name, uid, labels, generation, round: metadata.annotations?.['round'], content };
}

const stepOf = ({ metadata }: Manifest) => Number(metadata['generation'] ?? 0);
const uidOf = (object: Manifest | undefined) => object?.metadata['uid'];

/** Ours by label and by field manager, whole, of this version. */
function expectOurs(key: string, object: Manifest, round: string, deployment: ShownDeployment) {
  const { labels, annotations } = object.metadata;
  expect([key, annotations?.['round']]).toEqual([key, round]);
  expect(labels).toMatchObject({ [ownerLabel]: deployment.id });
  expect(labels?.[changeLabel]).toMatch(/^chg_/);
  expect(object.metadata['managedFields']).toContainEqual(
    expect.objectContaining({ manager: fieldManager, operation: 'Apply' }),
  );
}

function expectContents(objects: Map<string, Manifest>, round: string): void {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  expect(objects.get('Secret/keys')?.['data']).toEqual({
    API_KEY: base64('canary-of-the-cluster'),
  });
  expect(objects.get('ConfigMap/settings')?.['data']).toEqual({ greeting: `hello of ${round}` });
  expect(objects.get('Service/web')).toMatchObject({
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  const web = objects.get('Deployment/web');
  const [container] = part(web, 'spec', 'template', 'spec', 'containers') as unknown[];
  expect(container).toMatchObject({
    image: pauseImage,
    env: [{ name: 'ROUND', value: round }],
  });
  expect(web?.['status']).toMatchObject({ replicas: 2, updatedReplicas: 2, readyReplicas: 2 });
  expect(objects.get('Deployment/worker')?.['status']).toMatchObject({ readyReplicas: 1 });
  for (const run of ['Job/seed', ...appHooks]) {
    expect(objects.get(run)?.['status']).toMatchObject({ succeeded: 1 });
  }
}

const patch = async ({ id }: ShownDeployment, body: unknown) => {
  const answer = await slipway.request('PATCH', `/api/v1/deployments/${id}`, body);
  expect(answer.status).toBe(200);
};

async function openGate(): Promise<{ id: string; description: string }> {
  return await eventually(async () => {
    const page = await slipway.request('GET', '/api/v1/gates');
    return (page.body as { items: { id: string; description: string }[] }).items[0];
  }, 120_000);
}

describe('the whole deployer on a real cluster', () => {
  it('brings a green run up wave by wave, and every object is ours and as it was rendered [A-DEP-03] [A-DEP-07] [A-DEP-12]', async () => {
    await push({ round: '1' });
    const found = await settled(slipway, project, ({ lastSync }) => lastSync !== null);
    expect(found).toMatchObject({ currentStatus: 'healthy', liveRevision: { number: 1 } });
    first = await readAll();
    for (const [key, object] of first) expectOurs(key, object, '1', found);
    expectContents(first, '1');
    const [{ url } = { url: '' }] = await proxy.addresses(namespace);
    expect(await (await fetch(url)).text()).toBe('1\n');
    const times = [...first].map(([key, { metadata }]) => [
      key,
      Date.parse(String(metadata['creationTimestamp'])),
    ]);
    const at = Object.fromEntries(times) as Record<string, number>;
    expect(at['Job/migrate']).toBeLessThanOrEqual(at['Secret/keys'] ?? 0);
    expect(at['ConfigMap/settings']).toBeLessThanOrEqual(at['Deployment/web'] ?? 0);
    expect(at['Deployment/web']).toBeLessThanOrEqual(at['Deployment/worker'] ?? 0);
    expect(at['Deployment/worker']).toBeLessThanOrEqual(at['Job/smoke'] ?? 0);
  }, 300_000);

  it('undoes a version that never gets ready: each object is what it was, none was made anew, no request fails, git is told [A-DEP-07] [A-DEP-08]', async () => {
    const [{ url } = { url: '' }] = await proxy.addresses(namespace);
    const during = watchAddress(url);
    await push({ round: '2', ready: '/nothing', deadline: 5 });
    const found = await settled(slipway, project, ({ lastSync }) => lastSync?.status === 'undone');
    await during.stop();
    const after = watchAddress(url);
    expect(found).toMatchObject({
      desiredStatus: 'rollback',
      currentStatus: 'healthy',
      liveRevision: { number: 1 },
    });
    const objects = await readAll();
    expectContents(objects, '1');
    for (const key of appObjects) {
      const [was, is] = [first.get(key), objects.get(key)] as [Manifest, Manifest];
      // there and back are two changes of what was asked for; what was not reached yet knows of none
      const steps = key === 'Deployment/web' ? 2 : 0;
      expect(askedFor(is)).toEqual({
        ...askedFor(was),
        ...(stepOf(was) === 0 ? {} : { generation: stepOf(was) + steps }),
      });
    }
    expect(uidOf(objects.get('Job/migrate'))).not.toBe(uidOf(first.get('Job/migrate')));
    expect(uidOf(objects.get('Job/smoke'))).toBe(uidOf(first.get('Job/smoke')));
    const revisions = await slipway.request('GET', `/api/v1/deployments/${found.id}/revisions`);
    expect(revisions.body).toMatchObject({
      items: [
        { number: 2, status: 'bad' },
        { number: 1, status: 'good' },
      ],
    });
    const revert = await eventually(async () => {
      const page = await slipway.request('GET', `/api/v1/projects/${project}/merge-requests`);
      return (page.body as { items: { title: string; status: string }[] }).items[0];
    }, 60_000);
    expect(revert).toMatchObject({ title: expect.stringContaining('Revert'), status: 'open' });
    await after.stop();
    expect(new Set(during.answers)).toEqual(new Set(['200 1\n']));
    expect(after.answers.length).toBeGreaterThan(0);
    expect(new Set(after.answers)).toEqual(new Set(['200 1\n']));
  }, 300_000);

  it('lifts the quarantine with a newer commit; what a rollout left that it overtook goes with it [A-DEP-03] [A-DEP-08]', async () => {
    const before = await settled(slipway, project, () => true);
    await patch(before, {
      valuesOverride: { extra: true, ready: '/nothing', deadline: 300, round: '3' },
    });
    await eventually(async () => ((await isThere('ConfigMap/extra')) ? true : undefined), 120_000);
    await patch(before, { valuesOverride: null });
    await push({ round: '4' });
    const found = await settled(
      slipway,
      project,
      ({ currentStatus, lastSync, liveRevision }) =>
        currentStatus === 'healthy' &&
        lastSync?.status === 'succeeded' &&
        (liveRevision?.number ?? 0) > 2,
    );
    expect(found.desiredStatus).toBe('active');
    const objects = await readAll();
    for (const [key, object] of objects) expectOurs(key, object, '4', found);
    expectContents(objects, '4');
    for (const key of appObjects) expect(uidOf(objects.get(key))).toBe(uidOf(first.get(key)));
    expect(await isThere('ConfigMap/extra')).toBe(false);
    const syncs = await slipway.database.db.deploymentSync.findMany({
      where: { deploymentId: found.id },
      orderBy: { number: 'asc' },
    });
    expect(syncs.map(({ status }) => status)).toContain('superseded');
  }, 300_000);

  it('puts right what others deleted or changed, and says who [A-DEP-03]', async () => {
    const before = await readAll();
    await send({
      method: 'PATCH',
      path: `${collectionPath('Deployment', namespace)}/worker`,
      query: { fieldManager: 'kubectl-edit' },
      body: { spec: { replicas: 0 } },
      contentType: 'application/merge-patch+json',
    });
    await send({
      method: 'DELETE',
      path: `${collectionPath('ConfigMap', namespace)}/settings`,
    });
    const deployment = await settled(slipway, project, () => true);
    // a setting that asks for no rollout has the deployer look at once instead of within a minute
    await patch(deployment, { bakeSeconds: 2 });
    await eventually(async () => {
      const worker = await live('Deployment/worker');
      const isHealed = part(worker, 'spec', 'replicas') === 1;
      return isHealed && (await isThere('ConfigMap/settings')) ? true : undefined;
    }, 180_000);
    const after = await readAll();
    for (const key of firstWaves) {
      const { uid: _uid, ...was } = askedFor(before.get(key) as Manifest);
      expect(askedFor(after.get(key) as Manifest)).toMatchObject(was);
    }
    expect(uidOf(after.get('ConfigMap/settings'))).not.toBe(
      uidOf(before.get('ConfigMap/settings')),
    );
    const told = await slipway.database.db.event.findMany({
      where: { subjectId: deployment.id, type: 'deployment.drift_found' },
    });
    const fields = JSON.stringify(told.map(({ payload }) => payload));
    expect(fields).toContain('Deployment/admin-app-production/worker#/spec/replicas');
    expect(fields).toContain('ConfigMap/admin-app-production/settings#');
  }, 240_000);

  it('prunes more than half only after a person said so, and nothing that is not its own [A-DEP-03] [A-DEP-06]', async () => {
    await send({
      method: 'POST',
      path: collectionPath('ConfigMap', namespace),
      query: { fieldManager: 'kubectl' },
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'theirs' }, data: { a: '1' } },
    });
    const deployment = await settled(slipway, project, () => true);
    const gone = [
      'ConfigMap/banner',
      'NetworkPolicy/web',
      'Service/web',
      'Job/seed',
      'Deployment/worker',
    ];
    await patch(deployment, { prune: true, valuesOverride: { lean: true } });
    const gate = await openGate();
    for (const key of gone) expect([key, await isThere(key)]).toEqual([key, true]);
    const said = await slipway.request('POST', `/api/v1/gates/${gate.id}/decision`, {
      decision: 'approve',
    });
    expect(said.status).toBe(200);
    await settled(
      slipway,
      project,
      ({ generation, lastSync }) =>
        generation > deployment.generation && lastSync?.status === 'succeeded',
    );
    for (const key of gone) expect([key, await isThere(key)]).toEqual([key, false]);
    for (const key of [...firstWaves, ...appHooks, 'ConfigMap/theirs']) {
      expect([key, await isThere(key)]).toEqual([key, true]);
    }
  }, 240_000);
});
