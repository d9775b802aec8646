import { describe, expect, it } from '@jest/globals';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { isRecord } from './json-fields.ts';
import { understand } from './manifest-schema.ts';
import { withoutNulls } from './null-fields.ts';

const labels = { app: 'web' };
const probe = {
  httpGet: { path: '/', port: 80, scheme: 'HTTP', httpHeaders: [{ name: 'a', value: 'b' }] },
  ...{ initialDelaySeconds: 1, periodSeconds: 1, timeoutSeconds: 1 },
  ...{ successThreshold: 1, failureThreshold: 1 },
};
const key = { name: 'keys', key: 'a', optional: true };
const container = {
  ...{ name: 'web', image: `artifact:app@sha256:${'0'.repeat(64)}`, workingDir: '.' },
  ...{ command: ['a'], args: ['b'] },
  env: [
    { name: 'A', value: 'a' },
    { name: 'B', valueFrom: { secretKeyRef: key } },
    { name: 'C', valueFrom: { configMapKeyRef: key, fieldRef: { fieldPath: 'metadata.name' } } },
  ],
  envFrom: [
    { prefix: 'A', secretRef: { name: 'keys', optional: true }, configMapRef: { name: 'words' } },
  ],
  ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }],
  resources: { limits: { memory: '64Mi' }, requests: { memory: '64Mi' } },
  volumeMounts: [{ name: 'data', mountPath: '/data', readOnly: true }],
  ...{ readinessProbe: probe, startupProbe: { tcpSocket: { port: 80 } } },
  livenessProbe: { exec: { command: ['true'] } },
};
const items = [{ key: 'a', path: 'b' }];
const template = {
  metadata: { labels, annotations: { a: 'b' } },
  spec: {
    containers: [container],
    initContainers: [],
    volumes: [
      { name: 'data', emptyDir: { medium: '', sizeLimit: '1Gi' } },
      { name: 'words', configMap: { name: 'words', optional: true, items } },
      { name: 'keys', secret: { secretName: 'keys', optional: true, items } },
    ],
    ...{ hostNetwork: false, restartPolicy: 'Always', terminationGracePeriodSeconds: 1 },
  },
};
const of = (kind: string, more: object): Manifest => ({
  ...{ apiVersion: 'v1', kind },
  metadata: { name: 'web', namespace: 'shop', labels, annotations: { a: 'b' } },
  ...more,
});
const workload = { selector: { matchLabels: labels }, template, replicas: 1, minReadySeconds: 1 };
const claim = {
  metadata: { name: 'claim' },
  spec: { resources: { requests: { storage: '1Gi' } } },
};
/** Everything that this target understands, with all that it may leave out. */
const all = [
  of('Deployment', {
    spec: {
      ...{ ...workload, paused: false, progressDeadlineSeconds: 9 },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
    },
  }),
  of('StatefulSet', {
    spec: {
      ...{ ...workload, volumeClaimTemplates: [claim] },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain' },
    },
  }),
  of('Job', {
    spec: {
      ...{ template, backoffLimit: 1, completions: 1, parallelism: 1 },
      ...{ activeDeadlineSeconds: 9, suspend: false },
    },
  }),
  of('Service', {
    spec: {
      ...{ type: 'NodePort', selector: labels },
      ports: [{ name: 'http', port: 80, targetPort: 80, nodePort: 30_001, protocol: 'TCP' }],
    },
  }),
  of('Ingress', {
    spec: {
      rules: [
        { host: 'a.b', http: { paths: [{ path: '/', backend: { service: { name: 'web' } } }] } },
      ],
    },
  }),
  of('ConfigMap', { data: { a: 'b' } }),
  of('Secret', { data: { a: 'Yg==' }, stringData: { c: 'd' } }),
];

type Path = readonly (string | number)[];

/** Paths of every field and every entry beneath. */
function* pathsOf(value: unknown, at: Path = []): Generator<Path> {
  const keys = Array.isArray(value) ? [...value.keys()] : isRecord(value) ? Object.keys(value) : [];
  for (const one of keys) {
    yield [...at, one];
    yield* pathsOf((value as Record<string | number, unknown>)[one], [...at, one]);
  }
}

function changed(manifest: Manifest, path: Path, change: 'null' | 'gone'): Manifest {
  const copy = structuredClone(manifest);
  const last = path.at(-1) ?? '';
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((part, name) => (part as Record<string, unknown>)[name], copy);
  if (change === 'null') (parent as Record<string, unknown>)[last] = null;
  else Reflect.deleteProperty(parent as object, last);
  return copy;
}

/** What is understood of a manifest, or that it is refused. */
function told(manifest: Manifest): unknown {
  try {
    return JSON.stringify(understand(withoutNulls(manifest)));
  } catch {
    return 'refused';
  }
}

const maps =
  /(?:^|\/)(?:labels|annotations|matchLabels|limits|requests|data|stringData|spec\/selector)\/[^/]+$/;

describe('an empty field of a manifest', () => {
  const fields = all.flatMap((manifest) =>
    [...pathsOf(manifest)]
      .filter(([first]) => first !== 'apiVersion' && first !== 'kind' && first !== 'metadata')
      .map((path) => ({ manifest, path, at: path.join('/') })),
  );

  it('is a field that is not there, as to the Kubernetes API [A-DEP-07]', () => {
    const ofObjects = fields.filter(
      ({ path, at }) => typeof path.at(-1) === 'string' && !maps.test(at),
    );
    expect(ofObjects.length).toBeGreaterThan(150);
    const differing = ofObjects.filter(
      ({ manifest, path }) =>
        told(changed(manifest, path, 'null')) !== told(changed(manifest, path, 'gone')),
    );
    expect(differing.map(({ manifest, at }) => `${manifest.kind} ${at}`)).toEqual([]);
    const optional = ['annotations', 'envFrom', 'env', 'limits', 'resources', 'emptyDir', 'value'];
    for (const name of optional) {
      const one = ofObjects.find(({ path }) => path.at(-1) === name);
      expect([name, one && told(changed(one.manifest, one.path, 'null'))]).not.toEqual([
        name,
        'refused',
      ]);
    }
  });

  it('is refused where it is an entry: of a list, or of a map of texts [A-DEP-07]', () => {
    const entries = fields.filter(
      ({ manifest, path, at }) =>
        typeof path.at(-1) === 'number' ||
        (maps.test(at) && !at.includes('resources/requests') && told(manifest) !== 'refused'),
    );
    expect(entries.length).toBeGreaterThan(30);
    const taken = entries.filter(
      ({ manifest, path }) => told(changed(manifest, path, 'null')) !== 'refused',
    );
    expect(taken.map(({ manifest, at }) => `${manifest.kind} ${at}`)).toEqual([]);
  });
});
