import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { appsAddress } from '../../adapters/local-target/apps-address.ts';
import { openLocalTarget } from '../../adapters/local-target/local-target.ts';
import { createSecretBox } from '../../adapters/secret-box/secret-box.ts';
import { createMasker } from '../../domain/pipeline/mask.ts';
import { makeCanary, sweepFolder } from '../support/canaries.ts';
import { packApp } from '../support/deploy-app.ts';
import {
  dataObject,
  onceJob,
  ref,
  webDeployment,
  webService,
} from '../support/deploy-manifests.ts';
import { eventually, holds } from '../support/eventually.ts';
import { openLocalBench, scopeOf, type LocalBench } from '../support/local-bench.ts';

const patience = 120_000;

describe('the local target', () => {
  let bench: LocalBench;
  let image: string;

  beforeAll(async () => {
    const box = createSecretBox({ kind: 'key', bytes: randomBytes(32), origin: 'made' });
    bench = await openLocalBench({ secretBox: box });
    image = bench.images.add(packApp());
  }, patience);
  afterAll(() => bench.close(), patience);

  const app = (script: string): Record<string, unknown> => ({ image, command: ['node', script] });

  it(
    'shows a Secret neither in a command line nor in an environment of the host, on the disk or in its output',
    async () => {
      const scope = scopeOf('secret');
      const canary = makeCanary('deploy');
      await bench.apply(
        scope,
        dataObject(scope, 'Secret', 'keys', { token: canary }),
        webService(scope),
        webDeployment(scope, app, 'v1', {
          env: [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'keys', key: 'token' } } }],
          container: {
            livenessProbe: { exec: { command: ['true'] }, periodSeconds: 1, timeoutSeconds: 9 },
          },
        }),
      );
      const web = webDeployment(scope, app, 'v1');
      await bench.reaches(scope, web, 'healthy');
      expect(JSON.parse(await bench.get(scope, '/env'))).toMatchObject({ TOKEN: canary });
      await holds(async () => {
        const [log] = await bench.target().readLog(scope, ref(web));
        expect(log?.text).toBe('starts v1 ***\n');
      });
      for (let round = 0; round < 20; round += 1) {
        expect(hostProcessesThatHold(canary)).toEqual([]);
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(await sweepFolder(join(bench.root, 'objects'), [canary])).toEqual([]);
      await bench.reopen();
      await bench.reaches(scope, web, 'healthy');
      await holds(async () =>
        expect(JSON.parse(await bench.get(scope, '/env'))).toMatchObject({ TOKEN: canary }),
      );
    },
    patience,
  );

  it(
    'takes an empty field for one that is not there, and an empty text of a Secret for a mistake [A-DEP-07]',
    async () => {
      const scope = scopeOf('empty');
      const full = webDeployment(scope, app, 'v1');
      const empty = structuredClone(full);
      const { template } = empty['spec'] as { template: Record<string, unknown> };
      template['metadata'] = { labels: { app: 'web' }, annotations: null };
      const pod = template['spec'] as { containers: Record<string, unknown>[] };
      Object.assign(pod.containers[0] ?? {}, { envFrom: null, livenessProbe: null });
      expect(await bench.target().apply(scope, empty)).toMatchObject({ changed: true });
      expect(await bench.target().drift(scope, empty)).toEqual([]);
      expect(await bench.target().apply(scope, full)).toMatchObject({ changed: false });
      await bench.target().remove(scope, ref(full));
      const secret = { ...dataObject(scope, 'Secret', 'keys', {}), stringData: { token: null } };
      await expect(bench.target().apply(scope, secret)).rejects.toMatchObject({
        code: 'validation_failed',
        message: expect.stringContaining('/token') as unknown,
      });
    },
    patience,
  );

  it('lets one process at a time work on its folder', async () => {
    const again = openLocalTarget({ root: bench.root, images: bench.images, masker: createMasker });
    await expect(again).rejects.toMatchObject({ code: 'conflict' });
  });

  it(
    'tells an application where the Services beside it are',
    async () => {
      const scope = scopeOf('beside');
      const beside = webDeployment(scope, app, 'from beside', { name: 'beside' });
      await bench.apply(scope, webService(scope, 'beside'), beside, webService(scope));
      await bench.reaches(scope, beside, 'healthy');
      await bench.apply(scope, webDeployment(scope, app, 'v1'));
      await bench.reaches(scope, webDeployment(scope, app, 'v1'), 'healthy');
      expect(await bench.get(scope, '/beside')).toBe('from beside');
    },
    patience,
  );

  it(
    'tells why a replica is not ready: memory, liveness, an address that nobody can reach [A-DEP-07]',
    async () => {
      const scope = scopeOf('reasons');
      const hog = webDeployment(scope, app, 'v1', {
        name: 'hog',
        mode: 'hog',
        container: { resources: { limits: { memory: '96Mi' } } },
      });
      const sick = webDeployment(scope, app, 'v1', {
        name: 'sick',
        container: {
          livenessProbe: {
            exec: { command: ['sh', '-c', 'echo too hot; exit 1'] },
            periodSeconds: 1,
            timeoutSeconds: 9,
            failureThreshold: 1,
          },
        },
        pod: { terminationGracePeriodSeconds: 1 },
      });
      const code = `require('node:http').createServer().listen(8080, '127.0.0.1')`;
      const hidden = webDeployment(scope, () => ({ image, command: ['node', '-e', code] }), 'v1', {
        name: 'hidden',
      });
      await bench.apply(scope, hog, sick, hidden);
      expect(await bench.tells(scope, hog, /OOMKilled/)).toBeDefined();
      expect(
        await bench.tells(
          scope,
          sick,
          /liveness probe failed: the command ended with code 1: too hot/,
        ),
      ).toBeDefined();
      expect(await bench.tells(scope, hidden, /listen on 0\.0\.0\.0/)).toBeDefined();
      for (const one of [hog, sick, hidden]) await bench.target().remove(scope, ref(one));
    },
    patience,
  );

  it(
    'passes other protocols on as they are, also where the server speaks first',
    async () => {
      const scope = scopeOf('raw');
      const code = `require('node:net').createServer((s) => { s.write('hello '); s.pipe(s); }).listen(8080)`;
      const raw = webDeployment(scope, () => ({ image, command: ['node', '-e', code] }), 'v1', {
        container: { readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } },
      });
      await bench.apply(scope, webService(scope), raw);
      await bench.reaches(scope, raw, 'healthy');
      const [address] = await bench.target().addresses(scope);
      expect(await talk(Number(new URL(address?.url ?? '').port), 'you')).toBe('hello you');
      await bench.target().remove(scope, ref(raw));
      await expect(talk(Number(new URL(address?.url ?? '').port), 'you')).rejects.toThrow(
        'ECONNRESET',
      );
    },
    patience,
  );

  it(
    'keeps what a StatefulSet wrote over an update and a restart',
    async () => {
      const scope = scopeOf('stateful');
      const set = (version: string) => {
        const code = `echo ${version} >> /data/log; exec node server.js`;
        const web = webDeployment(scope, () => ({ image, command: ['sh', '-c', code] }), version, {
          container: { volumeMounts: [{ name: 'data', mountPath: '/data' }] },
          spec: { volumeClaimTemplates: [{ metadata: { name: 'data' } }] },
        });
        return { ...web, kind: 'StatefulSet' };
      };
      await bench.apply(scope, webService(scope), set('v1'));
      await bench.reaches(scope, set('v1'), 'healthy');
      await bench.apply(scope, set('v2'));
      await bench.reaches(scope, set('v2'), 'healthy');
      await bench.reopen();
      await bench.reaches(scope, set('v2'), 'healthy');
      expect(await eventually(() => bench.get(scope, '/file/data/log'))).toBe('v1\nv2\nv2\n');
    },
    patience,
  );

  it(
    'does not repeat a job that has ended when it is opened again',
    async () => {
      const scope = scopeOf('jobs');
      const job = onceJob(scope, app, { mode: 'crash', backoffLimit: 1 });
      await bench.apply(scope, job);
      expect(await bench.reaches(scope, job, 'degraded')).toBe(
        'exited with code 5 (failed 2 times)',
      );
      await bench.reopen();
      expect((await bench.target().health(scope, ref(job))).message).toBe(
        'exited with code 5 (failed 2 times)',
      );
      expect(await bench.target().readLog(scope, ref(job))).toEqual([]);
    },
    patience,
  );

  it('refuses what a sandbox cannot give, in one sentence each', async () => {
    const scope = scopeOf('refused');
    const cases: [Parameters<typeof webDeployment>[3], string][] = [
      [{ pod: { hostNetwork: true } }, 'hostNetwork would leave the sandbox.'],
      [{ pod: { initContainers: [{}] } }, 'one container a pod'],
      [
        { pod: { volumes: [{ name: 'host', hostPath: { path: '/' } }] } },
        'configMap, secret and emptyDir',
      ],
      [
        { container: { volumeMounts: [{ name: 'x', mountPath: '/usr' }] } },
        'There is no volume x.',
      ],
      [{ spec: { replicas: 1000 } }, 'at most 50 replicas'],
    ];
    for (const [options, sentence] of cases) {
      const applied = bench.target().apply(scope, webDeployment(scope, app, 'v1', options));
      await expect(applied).rejects.toMatchObject({
        code: 'validation_failed',
        message: expect.stringContaining(sentence),
      });
    }
    const role = { apiVersion: 'v1', kind: 'Role', metadata: { name: 'r', namespace: 'refused' } };
    await expect(bench.target().apply(scope, role)).rejects.toThrow('does not know Role');
    expect(await bench.target().list(scope)).toEqual([]);
  });
});

/** Processes outside of sandboxes that have it in their environment, and any with it in its command line. */
function hostProcessesThatHold(text: string): string[] {
  const own = readlinkSync('/proc/self/ns/pid');
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text)) return true;
      const outside = readlinkSync(`/proc/${pid}/ns/pid`) === own;
      return outside && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(text);
    } catch {
      return false;
    }
  });
}

/** Sends a text and gives all that comes back until the answer is as long as it should be. */
function talk(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, appsAddress);
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      if (answer === '') socket.write(text);
      answer += chunk.toString('utf8');
      if (answer.endsWith(text)) socket.destroy();
    });
    socket.on('close', () => resolve(answer));
  });
}
