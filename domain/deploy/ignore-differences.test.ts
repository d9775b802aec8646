import { describe, expect, it } from '@jest/globals';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { ignoreDifferences } from './ignore-differences.ts';

const object = (kind: string, rest: Record<string, unknown>): Manifest => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'it' },
  ...rest,
});
const pod = (containers: unknown[], replicas = 1) =>
  object('Deployment', { spec: { replicas, template: { spec: { containers } } } });
const inPod = '/spec/template/spec/containers';

describe('a manifest without what is contested', () => {
  it('holds the live value of such a field, nothing where there is none, and else what was desired [A-DEP-03]', () => {
    const desired = object('ConfigMap', { data: { a: '1', b: '2', 'c/d': '3' } });
    const live = object('ConfigMap', { data: { a: '9', b: '8', more: 'x' } });
    const left = ignoreDifferences(
      desired,
      [
        { path: '/data/a', desired: '1' },
        { path: '/data/c~1d', desired: '3' },
        { path: '/metadata/labels/team', desired: null },
      ],
      { ...live, metadata: { name: 'it', labels: { team: 'shop' } } },
    );
    expect(left).toEqual({
      ...desired,
      metadata: { name: 'it', labels: { team: 'shop' } },
      data: { a: '9', b: '2' },
    });
    expect(desired['data']).toEqual({ a: '1', b: '2', 'c/d': '3' });
  });

  it('holds a field in a list at its place, and the live list where the places are not the same [A-DEP-03]', () => {
    const env = (value: string) => [{ name: 'A', value }];
    const desired = pod([{ name: 'app', image: 'app:1', env: env('1') }], 2);
    const live = pod([{ name: 'app', image: 'app:0', env: env('9') }]);
    const field = { path: `${inPod}/0/env/0/value`, desired: '1' };
    expect(ignoreDifferences(desired, [field], live)).toEqual(
      pod([{ name: 'app', image: 'app:1', env: env('9') }], 2),
    );
    const beside = [
      { name: 'proxy', image: 'proxy:1' },
      { name: 'app', image: 'app:9' },
    ];
    const moved = { path: `${inPod}/1/image`, desired: 'app:1' };
    expect(ignoreDifferences(desired, [moved], pod(beside))).toEqual(pod(beside, 2));
  });

  it('leaves out of a list what others took out of it [A-DEP-03]', () => {
    const desired = pod([{ name: 'a' }, { name: 'b' }, { name: 'c' }], 2);
    const fields = [
      { path: `${inPod}/1`, desired: { name: 'b' } },
      { path: `${inPod}/2`, desired: { name: 'c' } },
    ];
    expect(ignoreDifferences(desired, fields, pod([{ name: 'a' }]))).toEqual(
      pod([{ name: 'a' }], 2),
    );
  });

  it('never writes a contested value of a Secret over the live one [A-DEP-03]', () => {
    const desired = object('Secret', { stringData: { a: 'one', b: 'two' }, data: { c: 'Yw==' } });
    const live = object('Secret', { data: { a: 'bGl2ZQ==', b: 'Yg==' } });
    const hidden = '(hidden)';
    const left = ignoreDifferences(
      desired,
      [
        { path: '/data/a', desired: hidden },
        { path: '/data/c', desired: hidden },
      ],
      live,
    );
    expect(left).toEqual(object('Secret', { data: { a: 'bGl2ZQ==', b: 'dHdv' } }));
  });
});
