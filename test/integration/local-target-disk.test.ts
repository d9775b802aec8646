import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import type { TargetScope } from '../../contracts/deploy/target.ts';
import { packApp } from '../support/deploy-app.ts';
import { onceJob, ref, webDeployment, webService } from '../support/deploy-manifests.ts';
import { holds } from '../support/eventually.ts';
import { openLocalBench, scopeOf, type LocalBench } from '../support/local-bench.ts';

const patience = 120_000;

describe('the disk that an application of the local target takes', () => {
  let bench: LocalBench;
  let image: string;

  beforeAll(async () => {
    bench = await openLocalBench();
    image = bench.images.add(packApp());
  }, patience);
  afterAll(() => bench.close(), patience);

  /** Runs a line of shell and stays. `dd` in pieces, so that no limit on one file ends it. */
  const runs = (line: string) => () => ({
    image,
    command: ['sh', '-c', `${line}; while :; do sleep 1; done`],
  });
  const pieces = (dir: string, count: number): string =>
    `for i in $(seq ${String(count)}); do dd if=/dev/zero of=${dir}/$i bs=1M count=4 2>/dev/null; done`;
  const app = (
    scope: TargetScope,
    line: string,
    more: { volumes?: unknown[]; mounts?: unknown[]; limits?: object; spec?: object },
  ): Manifest =>
    webDeployment(scope, runs(line), 'v1', {
      container: {
        ports: [],
        readinessProbe: undefined,
        volumeMounts: more.mounts ?? [],
        ...(more.limits === undefined ? {} : { resources: { limits: more.limits } }),
      },
      pod: { volumes: more.volumes ?? [], terminationGracePeriodSeconds: 1 },
      ...(more.spec === undefined ? {} : { spec: { ...more.spec } }),
    });
  const cache = [{ name: 'cache', mountPath: '/cache' }];
  const tells = async (scope: TargetScope, manifest: Manifest, text: RegExp): Promise<void> => {
    await bench.apply(scope, manifest);
    await bench.tells(scope, manifest, text);
    await bench.target().remove(scope, ref(manifest));
  };

  it(
    'evicts an application whose emptyDir holds more than its sizeLimit, and says so [A-DEP-07]',
    async () => {
      const scope = scopeOf('empty-dir');
      const web = app(scope, pieces('/cache', 8), {
        volumes: [{ name: 'cache', emptyDir: { sizeLimit: '10Mi' } }],
        mounts: cache,
      });
      await tells(
        scope,
        web,
        /was evicted: its volume cache holds more than 10 MiB, its sizeLimit/,
      );
    },
    patience,
  );

  it(
    'gives an evicted application empty volumes, as another pod would have [A-DEP-07]',
    async () => {
      const scope = scopeOf('anew');
      const line = `ls /cache | wc -l; ${pieces('/cache', 8)}`;
      const web = app(scope, line, {
        volumes: [{ name: 'cache', emptyDir: { sizeLimit: '10Mi' } }],
        mounts: cache,
      });
      await bench.apply(scope, web);
      await holds(async () => {
        const [log] = await bench.target().readLog(scope, ref(web));
        expect(log?.text).toMatch(/^0\n0\n/);
      }, patience);
      await bench.target().remove(scope, ref(web));
    },
    patience,
  );

  it(
    'counts emptyDirs and the own layer against limits.ephemeral-storage together [A-DEP-07]',
    async () => {
      const scope = scopeOf('ephemeral');
      const web = app(scope, `${pieces('/cache', 5)}; ${pieces('/workspace', 5)}`, {
        volumes: [{ name: 'cache', emptyDir: {} }],
        mounts: cache,
        limits: { 'ephemeral-storage': '30Mi' },
      });
      const told = /it and its emptyDirs hold more than 30 MiB, its limits\.ephemeral-storage/;
      await tells(scope, web, told);
    },
    patience,
  );

  it(
    'keeps an emptyDir of medium Memory in memory, no larger than its sizeLimit',
    async () => {
      const scope = scopeOf('memory');
      const line = `${pieces('/cache', 4)}; df -B1M /cache | tail -1; du -sm /cache`;
      const web = app(scope, line, {
        volumes: [{ name: 'cache', emptyDir: { medium: 'Memory', sizeLimit: '8Mi' } }],
        mounts: cache,
      });
      await bench.apply(scope, web);
      await holds(async () => {
        const [log] = await bench.target().readLog(scope, ref(web));
        expect(log?.text).toMatch(/^tmpfs +8 +8 +0 +100% \/cache\n8\t\/cache/);
      }, patience);
      await bench.target().remove(scope, ref(web));
    },
    patience,
  );

  it(
    'gives a sandbox no other memory to write to than /tmp and /dev/shm, each of a size',
    async () => {
      const scope = scopeOf('shm');
      const line = `for d in /tmp /dev/shm; do df -B1M $d | tail -1; done; touch /dev/here 2>/dev/null || echo refused`;
      const web = app(scope, line, {});
      await bench.apply(scope, web);
      await holds(async () => {
        const [log] = await bench.target().readLog(scope, ref(web));
        expect(log?.text).toMatch(/^tmpfs +1024 .*\/tmp\ntmpfs +1024 .*\/dev\/shm\n[^]*refused\n/);
      }, patience);
      await bench.target().remove(scope, ref(web));
    },
    patience,
  );

  it(
    'fails a Job that writes more than it may, with why [A-DEP-07]',
    async () => {
      const scope = scopeOf('job-disk');
      const job = onceJob(scope, runs(pieces('/workspace', 10)), { backoffLimit: 0 });
      const spec = job['spec'] as { template: { spec: { containers: Record<string, unknown>[] } } };
      for (const one of spec.template.spec.containers) {
        one['resources'] = { limits: { 'ephemeral-storage': '20Mi' } };
      }
      await bench.apply(scope, job);
      expect(await bench.reaches(scope, job, 'degraded')).toMatch(/was evicted: .* 20 MiB/);
    },
    patience,
  );

  const stateful = (scope: TargetScope, count: number, storage: string): Manifest => {
    const web = app(scope, pieces('/data', count), {
      mounts: [{ name: 'data', mountPath: '/data' }],
      spec: {
        volumeClaimTemplates: [
          { metadata: { name: 'data' }, spec: { resources: { requests: { storage } } } },
        ],
      },
    });
    return { ...web, kind: 'StatefulSet' };
  };

  it(
    'ends an application whose claim holds more than it asks for, and keeps what it wrote [A-DEP-07]',
    async () => {
      const scope = scopeOf('claim');
      const set = stateful(scope, 10, '20Mi');
      await bench.apply(scope, webService(scope), set);
      await bench.tells(
        scope,
        set,
        /was evicted: its claim data holds more than 20 MiB, what it asks for \(resources\.requests\.storage\)/,
      );
      expect(existsSync(join(bench.root, 'claims', 'dep_claim', 'web', 'data', '1'))).toBe(true);
      await bench.target().remove(scope, ref(set));
    },
    patience,
  );

  it(
    'lets a claim of before hold what it holds, and grow, whatever it asks for',
    async () => {
      const scope = scopeOf('older-claim');
      const set = stateful(scope, 8, '100Mi');
      await bench.apply(scope, webService(scope), set);
      await bench.reaches(scope, set, 'healthy');
      await holds(() => {
        expect(existsSync(join(bench.root, 'claims', 'dep_older-claim', 'web', 'data', '8'))).toBe(
          true,
        );
      }, patience);
      // as an older Slipway left it: measured by nobody
      rmSync(join(bench.root, 'claims-measured'));
      await bench.apply(scope, stateful(scope, 8, '10Mi'));
      await bench.reopen();
      await bench.reaches(scope, set, 'healthy');
      await new Promise((resolve) => setTimeout(resolve, 6000));
      expect(await bench.reaches(scope, set, 'healthy')).toBe('1 of 1 replicas ready');
      await bench.target().remove(scope, ref(set));
    },
    patience,
  );
});
