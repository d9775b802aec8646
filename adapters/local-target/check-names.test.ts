import { describe, expect, it } from '@jest/globals';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { checkNames } from './check-names.ts';
import { understand } from './manifest-schema.ts';

const image = `artifact:app@sha256:${'0'.repeat(64)}`;

const object = (kind: string, more: Record<string, unknown>, metadata = {}): Manifest => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'one', namespace: 'space', ...metadata },
  ...more,
});

/** An object of pods with all that may hold names. */
const workload = (kind: string, container = {}, pod = {}, spec = {}, template = {}): Manifest =>
  object(kind, {
    spec: {
      selector: { matchLabels: {} },
      ...spec,
      template: {
        metadata: template,
        spec: { ...pod, containers: [{ name: 'app', image, ...container }] },
      },
    },
  });

const problemOf = (manifest: Manifest): unknown => {
  try {
    checkNames(manifest, understand(manifest));
    return null;
  } catch (error) {
    return error;
  }
};

const pod = '/spec/template/spec';
const cases: [pointer: string, rule: string, Manifest][] = [
  [
    '/data/..~1probe.txt',
    'not . and not with ..',
    object('ConfigMap', { data: { '../probe.txt': '' } }),
  ],
  ['/data/..', 'not . and not with ..', object('ConfigMap', { data: { '..': '' } })],
  ['/data/.', 'not . and not with ..', object('ConfigMap', { data: { '.': '' } })],
  ['/data/..data', 'not with .. at its beginning', object('ConfigMap', { data: { '..data': '' } })],
  ['/data/', 'letters, digits', object('ConfigMap', { data: { '': '' } })],
  ['/data/a\\u0000b', 'letters, digits', object('ConfigMap', { data: { 'a\0b': '' } })],
  [
    `/data/${'k'.repeat(100)}`,
    'at most 253',
    object('ConfigMap', { data: { ['k'.repeat(254)]: '' } }),
  ],
  ['/binaryData/a~1b', 'letters, digits', object('ConfigMap', { binaryData: { 'a/b': '' } })],
  ['/data/a~1b', 'letters, digits', object('Secret', { data: { 'a/b': '' } })],
  [
    '/stringData/..~1probe.txt',
    'not . and',
    object('Secret', { stringData: { '../probe.txt': '' } }),
  ],
  ['/metadata/name', 'at most 236', object('ConfigMap', {}, { name: 'n'.repeat(237) })],
  ['/metadata/name', 'RFC 1123', object('ConfigMap', {}, { name: 'a..b' })],
  [
    '/metadata/name',
    'RFC 1035',
    object('Service', { spec: { ports: [{ port: 1 }] } }, { name: '1a' }),
  ],
  ['/metadata/name', 'DNS label', object('Namespace', {}, { name: 'a.b' })],
  ['/metadata/namespace', 'DNS label', object('ConfigMap', {}, { namespace: '../x' })],
  ['/metadata/labels/a b', 'letters, digits', object('ConfigMap', {}, { labels: { 'a b': 'c' } })],
  ['/metadata/labels/a', 'empty, or letters', object('ConfigMap', {}, { labels: { a: '../x' } })],
  ['/metadata/labels/a', 'no text', object('ConfigMap', {}, { labels: { a: 1 } })],
  [
    '/metadata/annotations/a~1b~1c',
    'DNS name and /',
    object('ConfigMap', {}, { annotations: { 'a/b/c': '' } }),
  ],
  [
    '/spec/selector/matchLabels/a',
    'empty, or',
    workload(
      'Deployment',
      {},
      {},
      { selector: { matchLabels: { a: '/' } } },
      { labels: { a: '/' } },
    ),
  ],
  [
    '/spec/template/metadata/labels/-',
    'letters',
    workload('Job', {}, {}, {}, { labels: { '-': '' } }),
  ],
  [
    '/spec/template/metadata/annotations/-',
    'letters',
    workload('Job', {}, {}, {}, { annotations: { '-': '' } }),
  ],
  [`${pod}/containers/0/name`, 'DNS label', workload('Job', { name: '../x' })],
  [
    `${pod}/containers/0/ports/0/name`,
    'RFC 6335',
    workload('Job', { ports: [{ name: 'a_b', containerPort: 1 }] }),
  ],
  [`${pod}/containers/0/env/0/name`, 'no digit first', workload('Job', { env: [{ name: 'A B' }] })],
  [
    `${pod}/containers/0/env/0/valueFrom/secretKeyRef/name`,
    'DNS name',
    workload('Job', {
      env: [{ name: 'A', valueFrom: { secretKeyRef: { name: '../x', key: 'a' } } }],
    }),
  ],
  [
    `${pod}/containers/0/env/0/valueFrom/configMapKeyRef/key`,
    'letters',
    workload('Job', {
      env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'x', key: 'a/b' } } }],
    }),
  ],
  [
    `${pod}/containers/0/envFrom/0/prefix`,
    'no digit first',
    workload('Job', { envFrom: [{ prefix: 'A=', configMapRef: { name: 'x' } }] }),
  ],
  [
    `${pod}/containers/0/envFrom/0/secretRef/name`,
    'DNS name',
    workload('Job', { envFrom: [{ secretRef: { name: 'X' } }] }),
  ],
  [
    `${pod}/containers/0/volumeMounts/0/name`,
    'DNS label',
    workload('Job', { volumeMounts: [{ name: '../x', mountPath: '/x' }] }),
  ],
  [
    `${pod}/containers/0/volumeMounts/0/mountPath`,
    'no :',
    workload('Job', { volumeMounts: [{ name: 'x', mountPath: '/x:y' }] }),
  ],
  [
    `${pod}/containers/0/livenessProbe/tcpSocket/port`,
    'RFC 6335',
    workload('Job', { livenessProbe: { tcpSocket: { port: 'A' } } }),
  ],
  [
    `${pod}/containers/0/readinessProbe/httpGet/httpHeaders/0/name`,
    'letters',
    workload('Job', {
      readinessProbe: { httpGet: { port: 1, httpHeaders: [{ name: 'a b', value: '' }] } },
    }),
  ],
  [
    `${pod}/volumes/0/name`,
    'DNS label',
    workload('Job', {}, { volumes: [{ name: '-a', emptyDir: {} }] }),
  ],
  [
    `${pod}/volumes/0/configMap/name`,
    'DNS name',
    workload('Job', {}, { volumes: [{ name: 'a', configMap: { name: 'a/b' } }] }),
  ],
  [
    `${pod}/volumes/0/secret/secretName`,
    'DNS name',
    workload('Job', {}, { volumes: [{ name: 'a', secret: { secretName: '..' } }] }),
  ],
  [
    `${pod}/volumes/0/secret/items/0/key`,
    'letters',
    workload(
      'Job',
      {},
      { volumes: [{ name: 'a', secret: { secretName: 'a', items: [{ key: '/', path: 'a' }] } }] },
    ),
  ],
  [
    `${pod}/volumes/0/configMap/items/0/path`,
    'plain name',
    workload(
      'Job',
      {},
      { volumes: [{ name: 'a', configMap: { name: 'a', items: [{ key: 'a', path: '..' }] } }] },
    ),
  ],
  [
    '/spec/volumeClaimTemplates/0/metadata/name',
    'DNS label',
    workload('StatefulSet', {}, {}, { volumeClaimTemplates: [{ metadata: { name: 'a-' } }] }),
  ],
  [
    '/spec/selector/a b',
    'letters',
    object('Service', { spec: { selector: { 'a b': '' }, ports: [{ port: 1 }] } }),
  ],
  [
    '/spec/ports/0/name',
    'DNS label',
    object('Service', { spec: { ports: [{ port: 1, name: 'A' }] } }),
  ],
  [
    '/spec/ports/0/targetPort',
    'RFC 6335',
    object('Service', { spec: { ports: [{ port: 1, targetPort: 'a--b' }] } }),
  ],
  ['/spec/rules/0/host', 'DNS name', object('Ingress', { spec: { rules: [{ host: 'a/b' }] } })],
  [
    '/spec/rules/0/http/paths/0/backend/service/name',
    'RFC 1035',
    object('Ingress', {
      spec: { rules: [{ http: { paths: [{ backend: { service: { name: 'A' } } }] } }] },
    }),
  ],
];

describe('names in a manifest', () => {
  it.each(cases)(
    'that are not by the rules of Kubernetes are refused: %s [A-DEP-06]',
    (pointer, rule, manifest) => {
      const problem = problemOf(manifest);
      expect(problem).toMatchObject({
        code: 'validation_failed',
        errors: expect.arrayContaining([
          expect.objectContaining({ pointer, detail: expect.stringContaining(rule) }),
        ]),
      });
      expect(String(problem)).toContain(manifest.kind);
      expect(String(problem)).toContain(pointer);
    },
  );

  it('that Kubernetes takes are taken', () => {
    const labels = { 'app.kubernetes.io/name': 'One_2.x', empty: '' };
    const good = [
      object(
        'ConfigMap',
        { data: { 'app.conf': '', '.env': '', KEY_1: '', 'a..b': '' } },
        { labels },
      ),
      object(
        'Secret',
        { stringData: { 'tls.crt': '' } },
        { annotations: { 'Example.com/X': '/a b' } },
      ),
      object('Namespace', {}, { name: 'space' }),
      object('ConfigMap', {}, { name: 'n'.repeat(236) }),
      workload(
        'Deployment',
        {
          ports: [{ name: 'http-1', containerPort: 80 }],
          env: [{ name: 'a.b-c_D', value: 'x' }],
          envFrom: [{ prefix: 'APP_', configMapRef: { name: 'a.b' } }],
          volumeMounts: [{ name: 'a', mountPath: '/a/' }],
          readinessProbe: { httpGet: { port: '8080', httpHeaders: [{ name: 'X-A', value: '' }] } },
          livenessProbe: { tcpSocket: { port: 'http-1' } },
        },
        {
          volumes: [
            { name: 'a', configMap: { name: 'a', items: [{ key: '.env', path: '.env' }] } },
          ],
        },
        { selector: { matchLabels: labels } },
        { labels },
      ),
      object('Service', {
        spec: { selector: labels, ports: [{ name: '1st', port: 1, targetPort: '80' }] },
      }),
      object('Ingress', {
        spec: { rules: [{ host: '*.example.com' }, { host: 'a.example.com' }] },
      }),
    ];
    for (const manifest of good) expect(problemOf(manifest)).toBeNull();
  });
});
