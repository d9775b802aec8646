import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { TargetScope } from '../../contracts/deploy/target.ts';
import { openKubernetesTarget } from './kubernetes-target.ts';

type Answer = (response: ServerResponse, url: URL, method: string) => void;

const scope: TargetScope = {
  deploymentId: 'dep_1',
  projectId: 'prj_1',
  environment: 'staging',
  namespace: 'shop',
};
const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'settings' };
const manifest = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings' },
  data: { a: '1' },
};
const live = (version: string) => ({
  ...manifest,
  metadata: {
    name: 'settings',
    namespace: 'shop',
    uid: 'u1',
    resourceVersion: version,
    labels: { 'slipway.dev/deployment': 'dep_1' },
    managedFields: [{ manager: 'slipway', operation: 'Apply' }],
  },
});
const say = (response: ServerResponse, status: number, body: unknown, headers = {}) => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
};
const failure = (code: number, reason: string, message = reason) => ({
  kind: 'Status',
  status: 'Failure',
  code,
  reason,
  message,
});

let folder: string;
let server: Server;
/** taken before the good answer, one a request that is not discovery */
let faults: Answer[] = [];
let requests: string[] = [];
let good: Answer = (response) => {
  say(response, 200, live('1'));
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-kube-'));
  faults = [];
  requests = [];
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://cluster');
    request.resume();
    if (url.pathname === '/api/v1') {
      const verbs = ['list', 'delete', 'get', 'patch'];
      const resources = [{ name: 'configmaps', kind: 'ConfigMap', namespaced: true, verbs }];
      say(response, 200, { resources });
      return;
    }
    if (url.pathname === '/apis') {
      say(response, 200, { groups: [] });
      return;
    }
    requests.push(`${request.method ?? ''} ${url.pathname}`);
    (faults.shift() ?? good)(response, url, request.method ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  const cluster = { server: `http://127.0.0.1:${address.port}`, 'insecure-skip-tls-verify': true };
  writeFileSync(
    join(folder, 'kubeconfig'),
    JSON.stringify({
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: { token: 't' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  );
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

const open = (forMs = 20_000) =>
  openKubernetesTarget(
    { kubeconfig: join(folder, 'kubeconfig'), context: null, requestTimeoutMs: 200 },
    { forMs, firstWaitMs: 5, longestWaitMs: 20 },
  );

describe('a cluster whose API server is ill', () => {
  it('is asked again after 429, 500, 503, silence, half an answer and a cut connection [A-DEP-14]', async () => {
    faults = [
      (response) => {
        say(response, 429, failure(429, 'TooManyRequests'));
      },
      (response) => {
        say(response, 500, 'not even json');
      },
      (response) => {
        say(response, 503, failure(503, 'ServiceUnavailable'));
      },
      () => undefined, // never answers
      (response) => {
        say(response, 200, '{"metadata":{"na');
      },
      (response) => {
        response.destroy();
      },
    ];
    const target = await open();
    expect((await target.read(scope, ref))?.uid).toBe('u1');
    expect(requests).toHaveLength(7);
  });

  it('gets the time that it asks for [A-DEP-14]', async () => {
    let first = 0;
    let second = 0;
    faults = [
      (response) => {
        first = performance.now();
        say(response, 429, failure(429, 'TooManyRequests'), { 'retry-after': '1' });
      },
      (response) => {
        second = performance.now();
        say(response, 200, live('1'));
      },
    ];
    await (await open()).read(scope, ref);
    expect(second - first).toBeGreaterThan(950);
  });

  it('is given up for now, with a word on when to come back, when it stays ill [A-DEP-14]', async () => {
    faults = Array<Answer>(200).fill((response) => {
      say(response, 500, failure(500, 'InternalError', 'etcd is gone'));
    });
    const target = await open(100);
    await expect(target.read(scope, ref)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('etcd is gone') as unknown,
      retryAfterSeconds: 5,
    });
  });

  it('is not asked twice for what it refuses [A-DEP-14]', async () => {
    for (const [status, code] of [
      [422, 'validation_failed'],
      [400, 'validation_failed'],
      [403, 'forbidden'],
    ] as const) {
      requests = [];
      faults = [
        (response) => {
          say(response, 404, failure(404, 'NotFound'));
        },
        (response) => {
          say(response, status, failure(status, 'No', 'spec.replicas: must not be negative'));
        },
      ];
      const target = await open();
      await expect(target.apply(scope, manifest)).rejects.toMatchObject({
        code,
        message: expect.stringContaining('must not be negative') as unknown,
      });
      expect(requests.map((line) => line.split(' ')[0])).toEqual(['GET', 'PATCH']);
    }
  });

  it('is read anew when an object changed between read and apply [A-DEP-14]', async () => {
    const conflict: Answer = (response) => {
      say(response, 409, failure(409, 'Conflict', 'Precondition failed: UID in precondition'));
    };
    const found: Answer = (response) => {
      say(response, 200, live('1'));
    };
    faults = [found, conflict, found, conflict];
    good = (response, _url, method) => {
      say(response, 200, live(method === 'PATCH' ? '2' : '1'));
    };
    const target = await open();
    expect(await target.apply(scope, manifest)).toEqual({ uid: 'u1', changed: true });
    expect(requests.map((line) => line.split(' ')[0]).join(' ')).toBe(
      'GET PATCH GET PATCH GET PATCH',
    );
  });

  it('is listed anew from the first page when it forgot the page we were at [A-DEP-14]', async () => {
    const tokens: (string | null)[] = [];
    const page =
      (names: string[], next = ''): Answer =>
      (response, url) => {
        tokens.push(url.searchParams.get('continue'));
        const items = names.map((name) => {
          const { metadata, data } = live('1');
          return { metadata: { ...metadata, name }, data };
        });
        say(response, 200, {
          apiVersion: 'v1',
          kind: 'ConfigMapList',
          metadata: { continue: next },
          items,
        });
      };
    faults = [
      page(['a', 'b'], 'more'),
      (response, url) => {
        tokens.push(url.searchParams.get('continue'));
        say(response, 410, failure(410, 'Expired'));
      },
      page(['a', 'b'], 'again'),
      page(['c']),
    ];
    const target = await open();
    expect((await target.list(scope)).map(({ ref: one }) => `${one.kind}/${one.name}`)).toEqual([
      'ConfigMap/a',
      'ConfigMap/b',
      'ConfigMap/c',
    ]);
    expect(tokens).toEqual([null, 'more', null, 'again']);
  });

  it('is not asked again for an object that was listed a moment ago, unless in another version [A-DEP-03]', async () => {
    const target = await open();
    const object = live('1');
    const seen = { ref, uid: 'u1', object };
    expect(await target.drift(scope, manifest, seen)).toEqual([]);
    expect(await target.drift(scope, manifest, seen)).toEqual([]);
    expect(await target.health(scope, ref, seen)).toMatchObject({ status: 'healthy' });
    expect(requests.map((line) => line.split(' ')[0])).toEqual(['PATCH']);
    const older = { ...seen, object: { ...object, apiVersion: 'v1beta1' } };
    await target.health(scope, ref, older);
    expect(requests.map((line) => line.split(' ')[0])).toEqual(['PATCH', 'GET']);
  });

  it('is never asked more than ten times a second for one deployment [A-DEP-03]', async () => {
    const times: number[] = [];
    good = (response) => {
      times.push(performance.now());
      say(response, 200, live('1'));
    };
    const target = await open();
    await target.read(scope, ref);
    times.length = 0;
    await Promise.all(Array.from({ length: 25 }, () => target.read(scope, ref)));
    expect(times).toHaveLength(25);
    // what starts within a second may arrive closer together: much closer on a loaded machine, never all at once
    for (let at = 0; at + 11 < times.length; at += 1) {
      expect((times[at + 11] ?? 0) - (times[at] ?? 0)).toBeGreaterThan(150);
    }
  });

  it('is missed with a sentence on what to set when there is none', async () => {
    for (const kubeconfig of [join(folder, 'none'), null]) {
      await expect(openKubernetesTarget({ kubeconfig, context: null })).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('kubernetes.kubeconfig') as unknown,
      });
    }
  });
});

describe('what differs on a cluster', () => {
  it('is nothing that a controller wrote between our reading and the dry run [A-DEP-03]', async () => {
    const noted = (version: string) => {
      const object = live(version);
      return { ...object, metadata: { ...object.metadata, annotations: { revision: version } } };
    };
    let read = 0;
    good = (response, _url, method) => {
      if (method === 'GET') read += 1;
      say(response, 200, noted(method === 'GET' && read === 1 ? '1' : '2'));
    };
    const target = await open();
    expect(await target.drift(scope, manifest)).toEqual([]);
    expect(requests.map((line) => line.split(' ')[0])).toEqual(['GET', 'PATCH', 'GET', 'PATCH']);
    good = (response, _url, method) => {
      say(response, 200, method === 'GET' ? { ...noted('3'), data: { a: '2' } } : noted('3'));
    };
    expect(await target.drift(scope, manifest)).toMatchObject([{ path: '/data/a', live: '2' }]);
  });
});
