import { beforeEach, describe, expect, it } from '@jest/globals';
import { ownerLabel, type TargetScope } from '../../contracts/deploy/target.ts';
import type { KubeRequest } from './kube-connection.ts';
import { KubeError } from './kube-error.ts';
import { createKubernetesTarget } from './kubernetes-target.ts';

const scope: TargetScope = {
  deploymentId: 'dep_1',
  projectId: 'prj_1',
  environment: 'staging',
  namespace: 'shop',
};
const ref = { apiVersion: 'v1', kind: 'Secret', namespace: 'shop', name: 'keys' };
const path = '/api/v1/namespaces/shop/secrets/keys';
const manifest = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys' } };
const labelled = (owner: string, name: string) => ({
  name,
  uid: `uid-${name}`,
  labels: { [ownerLabel]: owner },
  managedFields: [{ manager: 'slipway', operation: 'Apply' }],
});

let there: Record<string, unknown>;
let changes: string[];

/** A cluster with Secrets and nothing else. */
function send({ method, path: at, query }: KubeRequest): Promise<unknown> {
  const verbs = ['list', 'delete', 'get', 'patch'];
  if (at === '/apis') return Promise.resolve({ groups: [] });
  if (at === '/api/v1') {
    const resources = [{ name: 'secrets', kind: 'Secret', namespaced: true, verbs }];
    return Promise.resolve({ resources });
  }
  if (method === 'GET' && at.endsWith('/secrets')) {
    const isOfOthers = query?.['labelSelector']?.includes('!=') === true;
    const items = isOfOthers ? Object.values(there).filter(isSecret) : [];
    return Promise.resolve({ apiVersion: 'v1', kind: 'SecretList', metadata: {}, items });
  }
  if (method !== 'GET') changes.push(`${method} ${at}`);
  const found = there[at];
  if (method === 'DELETE') Reflect.deleteProperty(there, at);
  return found === undefined
    ? Promise.reject(new KubeError(404, 'NotFound', `${at} is not there`))
    : Promise.resolve(found);
}
const isSecret = (one: unknown) => (one as { kind: string }).kind === 'Secret';
const target = () => createKubernetesTarget(send);

beforeEach(() => {
  changes = [];
  const metadata = { ...labelled('dep_2', 'keys'), namespace: 'shop', annotations: { note: 'x' } };
  there = { [path]: { ...manifest, metadata, data: { token: 'b2YgYW5vdGhlcg==' } } };
});

describe('an object of another deployment in a cluster', () => {
  it('is there and whose it is: nothing else of it is read, compared, told, adopted or removed [A-DEP-03][A-SEC-04]', async () => {
    const live = await target().read(scope, ref);
    expect(live?.object.metadata.labels).toEqual({ [ownerLabel]: 'dep_2' });
    expect(JSON.stringify(live)).not.toMatch(/b2YgYW5vdGhlcg|note/);
    expect(await target().health(scope, ref)).toMatchObject({ status: 'missing' });
    expect(await target().drift(scope, { ...manifest, data: { token: 'eA==' } })).toMatchObject([
      { path: '', live: null },
    ]);
    const adopting = {
      ...manifest,
      metadata: { name: 'keys', annotations: { 'slipway.dev/adopt': 'true' } },
    };
    await expect(target().apply(scope, adopting)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(target().remove(scope, ref)).rejects.toMatchObject({ code: 'forbidden' });
    await target().release(scope, ref);
    expect(changes).toEqual([]);
  });

  it('keeps its namespace there when the preview that made the namespace ends [A-DEP-03]', async () => {
    const space = '/api/v1/namespaces/shop';
    there[space] = { apiVersion: 'v1', kind: 'Namespace', metadata: labelled('dep_1', 'shop') };
    await target().removeNamespace(scope);
    expect(changes).toEqual([]);
    Reflect.deleteProperty(there, path);
    await target().removeNamespace(scope);
    expect(changes).toEqual([`DELETE ${space}`]);
  });
});
