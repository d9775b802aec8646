import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { SendToKube } from '../../adapters/kubernetes/kube-connection.ts';
import { createKubernetesTarget } from '../../adapters/kubernetes/kubernetes-target.ts';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import {
  type DeployTarget,
  type HealthStatus,
  type TargetScope,
} from '../../contracts/deploy/target.ts';
import { ignoreDifferences } from '../../domain/deploy/ignore-differences.ts';
import type { TestCluster } from '../support/kubernetes/cluster.ts';
import {
  newScope,
  openCluster,
  reaches as reachesIn,
} from '../support/kubernetes/cluster-scope.ts';
import { object, refIn, workload } from '../support/kubernetes/objects.ts';

let cluster: TestCluster;
let send: SendToKube;
let target: DeployTarget;
let scope: TargetScope;

beforeAll(async () => {
  ({ cluster, send, target } = await openCluster());
}, 240_000);
afterAll(() => cluster.stop(), 60_000);
beforeEach(() => {
  scope = newScope();
});

const reaches = (manifest: Manifest, status: HealthStatus): Promise<string> =>
  reachesIn(target, scope, manifest, status);
/** Writes as somebody else would, by server-side apply. */
const writeAs = async (manager: string, path: string, body: Manifest): Promise<void> => {
  await send({
    method: 'PATCH',
    path,
    query: { fieldManager: manager, force: 'true' },
    body,
    contentType: 'application/apply-patch+yaml',
  });
};
const inNamespace = (rest: string) => `/api/v1/namespaces/${scope.namespace}/${rest}`;
const config = (data: Record<string, string>, name = 'settings') =>
  object('v1', 'ConfigMap', name, { data });

describe('the kubernetes target on a real cluster', () => {
  it('finds what differs from the manifest and who wrote it, and takes it back [A-DEP-03]', async () => {
    const web = workload('Deployment', 'web', 'serve', { replicas: 1 });
    const settings = config({ a: '1', b: '2' });
    await target.apply(scope, web);
    await target.apply(scope, settings);
    await reaches(web, 'healthy');
    expect(await target.drift(scope, web)).toEqual([]);
    await writeAs('somebody', inNamespace('configmaps/settings'), config({ a: '9', c: '3' }));
    expect(await target.drift(scope, settings)).toEqual([
      {
        ref: refIn(scope.namespace, settings),
        path: '/data/a',
        desired: '1',
        live: '9',
        manager: 'somebody',
      },
    ]);
    const path = `/apis/apps/v1/namespaces/${scope.namespace}/deployments/web`;
    await send({
      method: 'PATCH',
      path,
      query: { fieldManager: 'kubectl-edit' },
      body: {
        spec: {
          replicas: 0,
          template: {
            spec: { containers: [{ name: 'app', env: [{ name: 'VERSION', value: 'x' }] }] },
          },
        },
      },
      contentType: 'application/strategic-merge-patch+json',
    });
    expect(await target.drift(scope, web)).toMatchObject([
      { path: '/spec/replicas', desired: 1, live: 0, manager: 'kubectl-edit' },
      {
        path: '/spec/template/spec/containers/0/env/0/value',
        desired: 'v1',
        live: 'x',
        manager: 'kubectl-edit',
      },
    ]);
    // the controller writes annotations of its own meanwhile
    const inSpec = async () =>
      (await target.drift(scope, web)).filter(({ path: at }) => at.startsWith('/spec'));
    const contested = (await inSpec()).slice(0, 1);
    const now = await target.read(scope, refIn(scope.namespace, web));
    await target.apply(scope, ignoreDifferences(web, contested, now?.object ?? web));
    expect(await inSpec()).toEqual(contested);
    expect(contested).toMatchObject([{ path: '/spec/replicas', live: 0, manager: 'kubectl-edit' }]);
    await target.apply(scope, web);
    await target.apply(scope, settings);
    expect(await inSpec()).toEqual([]);
    expect(await target.drift(scope, settings)).toEqual([]);
    const live = await target.read(scope, refIn(scope.namespace, settings));
    expect(live?.object['data']).toEqual({ a: '1', b: '2', c: '3' });
    await target.remove(scope, refIn(scope.namespace, settings));
    expect(await target.drift(scope, settings)).toMatchObject([{ path: '', live: null }]);
  }, 240_000);

  it('never tells a value of a Secret as drift [A-DEP-03]', async () => {
    const secret = (token: string) => object('v1', 'Secret', 'keys', { stringData: { token } });
    await target.apply(scope, secret('first-canary'));
    await writeAs('somebody', inNamespace('secrets/keys'), secret('second-canary'));
    const drift = await target.drift(scope, secret('first-canary'));
    expect(drift).toMatchObject([{ path: '/data/token', manager: 'somebody' }]);
    const told = JSON.stringify(drift);
    for (const canary of ['first-canary', 'second-canary']) {
      expect(told).not.toContain(canary);
      expect(told).not.toContain(Buffer.from(canary).toString('base64'));
    }
  }, 240_000);

  it('lists and removes what it owns with all that belongs to it, and nothing else [A-DEP-03]', async () => {
    const web = workload('Deployment', 'web');
    const service = object('v1', 'Service', 'web', {
      spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
    });
    await target.apply(scope, web);
    await target.apply(scope, service);
    await writeAs('kubectl', inNamespace('configmaps/theirs'), config({ a: '1' }, 'theirs'));
    await reaches(web, 'healthy');
    const names = async (one: DeployTarget) =>
      (await one.list(scope)).map(({ ref }) => `${ref.kind}/${ref.name}`).sort();
    expect(await names(target)).toEqual(['Deployment/web', 'Service/web']);
    expect(await names(createKubernetesTarget(send))).toEqual(['Deployment/web', 'Service/web']);
    for (const manifest of [web, service, web]) {
      await target.remove(scope, refIn(scope.namespace, manifest));
    }
    expect(await names(target)).toEqual([]);
    const pods = (await send({ method: 'GET', path: inNamespace('pods') })) as { items: unknown[] };
    expect(pods.items).toEqual([]);
    await expect(
      target.remove(scope, refIn(scope.namespace, config({}, 'theirs'))),
    ).rejects.toMatchObject({ code: 'forbidden' });
  }, 240_000);

  it("lets go of an object that it took over: it stays as it is, and is nobody's to prune [A-DEP-03]", async () => {
    await target.apply(scope, config({ a: '1' }, 'ours'));
    await writeAs('kubectl', inNamespace('configmaps/theirs'), config({ b: '2' }, 'theirs'));
    const theirs = config({ a: '1' }, 'theirs');
    await target.apply(scope, theirs);
    const ref = refIn(scope.namespace, theirs);
    for (let times = 0; times < 2; times += 1) await target.release(scope, ref);
    const live = await target.read(scope, ref);
    expect(live?.object).toMatchObject({ data: { a: '1', b: '2' } });
    expect(live?.object.metadata.labels).toBeUndefined();
    expect((await target.list(scope)).map(({ ref: one }) => one.name)).toEqual(['ours']);
    await expect(target.remove(scope, ref)).rejects.toMatchObject({ code: 'forbidden' });
  }, 240_000);

  it('takes the namespace of a preview away with all that is in it, never that of somebody else, and makes it again [A-DEP-03]', async () => {
    const settings = config({ a: '1' });
    await target.apply(scope, settings);
    await writeAs('kubectl', inNamespace('configmaps/theirs'), config({ a: '1' }, 'theirs'));
    await target.removeNamespace(newScope(scope.namespace));
    expect(await target.read(scope, refIn(scope.namespace, settings))).not.toBeNull();
    await target.removeNamespace(scope);
    const { items } = (await send({ method: 'GET', path: '/api/v1/namespaces' })) as {
      items: Manifest[];
    };
    expect(items.map(({ metadata }) => metadata.name)).not.toContain(scope.namespace);
    // its removal may be asked for twice
    await target.removeNamespace(scope);
    await target.apply(scope, settings);
    expect(await target.read(scope, refIn(scope.namespace, settings))).not.toBeNull();
  }, 240_000);

  it('refuses what another deployment owns, and what lies outside of its namespace [A-DEP-03]', async () => {
    const settings = config({ a: '1' });
    await target.apply(scope, settings);
    const beside = newScope(scope.namespace);
    const refused = { code: 'forbidden' };
    await expect(target.apply(beside, settings)).rejects.toMatchObject(refused);
    await expect(target.remove(beside, refIn(scope.namespace, settings))).rejects.toMatchObject(
      refused,
    );
    expect(await target.list(beside)).toEqual([]);
    const stranger = newScope();
    await expect(target.read(stranger, refIn(scope.namespace, settings))).rejects.toMatchObject(
      refused,
    );
    await expect(
      target.apply(stranger, { ...settings, metadata: { name: 'x', namespace: scope.namespace } }),
    ).rejects.toMatchObject(refused);
    const node = object('v1', 'Node', 'x');
    await expect(target.apply(scope, node)).rejects.toMatchObject(refused);
  }, 240_000);

  it('says in the words of the cluster why it refuses an object [A-DEP-07]', async () => {
    const web = workload('Deployment', 'web', 'serve', { spec: { replicas: -1 } });
    await expect(target.apply(scope, web)).rejects.toMatchObject({
      code: 'validation_failed',
      message: expect.stringContaining('spec.replicas') as unknown,
    });
    await target.apply(scope, config({ a: '1' }));
    const jobs = `/apis/batch/v1/namespaces/${scope.namespace}/jobs`;
    await writeAs('kubectl', `${jobs}/theirs`, workload('Job', 'theirs', 'succeed'));
    const changed = workload('Job', 'theirs', 'succeed', { version: 'v2' });
    await expect(target.apply(scope, changed)).rejects.toMatchObject({
      code: 'validation_failed',
      message: expect.stringContaining('immutable') as unknown,
    });
    const theirs = await target.read(scope, refIn(scope.namespace, changed));
    expect(theirs?.object.metadata).not.toHaveProperty('deletionTimestamp');
  }, 240_000);

  it('finds every third object that was changed or deleted, and nothing of others, and converges [A-DEP-03]', async () => {
    const ours = Array.from({ length: 9 }, (_, at) => config({ a: '1' }, `ours-${at}`));
    for (const manifest of ours) await target.apply(scope, manifest);
    await writeAs('kubectl', inNamespace('configmaps/theirs'), config({ a: '1' }, 'theirs'));
    await writeAs('kubectl', inNamespace('configmaps/ours-0'), config({ a: '2' }, 'ours-0'));
    await writeAs('kubectl', inNamespace('configmaps/ours-3'), config({ b: '2' }, 'ours-3'));
    await send({ method: 'DELETE', path: inNamespace('configmaps/ours-6') });
    const drifted = async () => {
      const drifts = [];
      for (const manifest of ours) drifts.push(...(await target.drift(scope, manifest)));
      return drifts.map(({ ref, path, manager }) => [ref.name, path, manager]);
    };
    expect(await drifted()).toEqual([
      ['ours-0', '/data/a', 'kubectl'],
      ['ours-6', '', null],
    ]);
    for (const manifest of ours) await target.apply(scope, manifest);
    expect(await drifted()).toEqual([]);
    expect((await target.list(scope)).map(({ ref }) => ref.name).sort()).toEqual(
      ours.map(({ metadata }) => metadata.name),
    );
  }, 240_000);

  it('goes on when the API server was killed and came back in between [A-DEP-14]', async () => {
    await target.apply(scope, config({ a: '1' }));
    await cluster.killApi();
    const applied = target.apply(scope, config({ a: '2' }));
    await cluster.startApi();
    expect((await applied).changed).toBe(true);
    const live = await target.read(scope, refIn(scope.namespace, config({})));
    expect(live?.object['data']).toEqual({ a: '2' });
  }, 240_000);
});
