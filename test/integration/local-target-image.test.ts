import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packApp, packed } from '../support/deploy-app.ts';
import { onceJob, ref, webDeployment } from '../support/deploy-manifests.ts';
import { openLocalBench, scopeOf, type LocalBench } from '../support/local-bench.ts';

const patience = 120_000;

describe('what the local target runs', () => {
  let bench: LocalBench;

  beforeAll(async () => {
    bench = await openLocalBench({ imageBytes: 8 * 1024 ** 2 });
  }, patience);
  afterAll(() => bench.close(), patience);

  /** A replica of another artifact than the usual one; what its health tells after its first tries. */
  const tells = async (name: string, bytes: Buffer, message: RegExp): Promise<void> => {
    const scope = scopeOf(name);
    const other = bench.images.add(packed(bytes));
    const web = webDeployment(scope, () => ({ image: other, command: ['true'] }), 'v1');
    await bench.apply(scope, web);
    await bench.tells(scope, web, message);
    await bench.target().remove(scope, ref(web));
  };

  it('says what it can run when it is given an image of a registry', async () => {
    const scope = scopeOf('images');
    const web = webDeployment(scope, () => ({ image: 'nginx:1.27' }), 'v1');
    await expect(bench.target().apply(scope, web)).rejects.toMatchObject({
      code: 'validation_failed',
      message: expect.stringContaining('Write artifact:<name>@sha256:<digest>'),
    });
  });

  it('runs nothing whose bytes are not what its digest says', async () => {
    const scope = scopeOf('digest');
    const wrong = bench.images.add({
      image: `artifact:app@sha256:${'0'.repeat(64)}`,
      bytes: Buffer.from('x'),
    });
    const web = webDeployment(scope, () => ({ image: wrong, command: ['true'] }), 'v1');
    await bench.apply(scope, web);
    await bench.tells(scope, web, /do not have the digest/);
    await bench.target().remove(scope, ref(web));
  });

  it(
    'refuses archives with links that lead out, and those that unpack to more than they may',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'slipway-bad-'));
      symlinkSync('../../../etc/shadow', join(folder, 'out'));
      const link = execFileSync('tar', ['-C', folder, '-cf', '-', '.']);
      rmSync(join(folder, 'out'));
      writeFileSync(join(folder, 'zeros'), Buffer.alloc(32 * 1024 ** 2));
      const bomb = gzipSync(
        execFileSync('tar', ['-C', folder, '-cf', '-', '.'], { maxBuffer: 1e9 }),
      );
      rmSync(folder, { recursive: true });
      await tells('links', link, /a link that leads out/);
      await tells('bomb', bomb, /could not be unpacked/);
    },
    patience,
  );

  it(
    'runs an artifact that is one file, without a command',
    async () => {
      const scope = scopeOf('single');
      const script = '#!/bin/sh\necho "alone with $1"\n';
      const file = bench.images.add(packed(Buffer.from(script)));
      const job = onceJob(scope, () => ({ image: file, args: ['$(VERSION)'] }));
      await bench.apply(scope, job);
      await bench.reaches(scope, job, 'healthy');
      const [log] = await bench.target().readLog(scope, ref(job));
      expect(log?.text).toBe('alone with once\n');
    },
    patience,
  );

  it(
    'fetches an artifact once for all replicas, and lets go of it with the last object that names it',
    async () => {
      const scope = scopeOf('layers');
      const own = bench.images.add(packApp({ 'sleep.sh': 'exec sleep 1000\n', own: 'x' }));
      const web = webDeployment(scope, () => ({ image: own, command: ['sh', 'sleep.sh'] }), 'v1', {
        replicas: 3,
        container: { readinessProbe: { exec: { command: ['true'] }, periodSeconds: 1 } },
        pod: { terminationGracePeriodSeconds: 0 },
      });
      await bench.apply(scope, web);
      await bench.reaches(scope, web, 'healthy');
      expect(bench.images.opened.filter((one) => one === own)).toHaveLength(1);
      const digest = own.split(':').at(-1) ?? '';
      expect(readdirSync(join(bench.root, 'layers'))).toContain(digest);
      await bench.target().remove(scope, ref(web));
      expect(readdirSync(join(bench.root, 'layers'))).not.toContain(digest);
    },
    patience,
  );
});
