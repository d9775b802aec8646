import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packApp, packed } from '../support/deploy-app.ts';
import { dataObject, onceJob, ref, webDeployment } from '../support/deploy-manifests.ts';
import { openLocalBench, scopeOf, type LocalBench } from '../support/local-bench.ts';
import { removeFolder } from '../support/remove-folder.ts';

const patience = 120_000;

describe('where the local target writes and mounts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-places-'));
  const runtimeDir = join(folder, 'run');
  let bench: LocalBench;
  let image: string;

  beforeAll(async () => {
    chmodSync(folder, 0o711);
    bench = await openLocalBench({ runtimeDir });
    image = bench.images.add(packApp());
  }, patience);
  afterAll(async () => {
    await bench.close();
    await removeFolder(folder);
  }, patience);

  /** Where an object of a scope is kept. */
  const keptFile = (scope: ReturnType<typeof scopeOf>, name: string): string => {
    const all = filesNamed(join(bench.root, 'objects'), name);
    return all.find((file) => file.includes(scope.namespace)) ?? '';
  };

  /** A job that runs a shell script with volumes mounted. */
  const script = (
    scope: ReturnType<typeof scopeOf>,
    code: string,
    mounts: Record<string, unknown>[],
    volumes: Record<string, unknown>[],
    more: { image?: string; name?: string } = {},
  ) => {
    const job = onceJob(
      scope,
      () => ({ image: more.image ?? image, command: ['sh', '-c', code], volumeMounts: mounts }),
      { backoffLimit: 0, name: more.name ?? 'once' },
    );
    const { template } = job['spec'] as { template: { spec: Record<string, unknown> } };
    template.spec['volumes'] = volumes;
    return job;
  };
  const log = async (scope: ReturnType<typeof scopeOf>, job: ReturnType<typeof script>) => {
    await bench.reaches(scope, job, 'healthy');
    return (await bench.target().readLog(scope, ref(job)))[0]?.text;
  };

  it('refuses a key of a ConfigMap or a Secret that leads out of a volume [A-DEP-06]', async () => {
    const scope = scopeOf('keys');
    for (const kind of ['ConfigMap', 'Secret'] as const) {
      const data = dataObject(scope, kind, 'conf', { '../probe.txt': 'x' });
      await expect(bench.target().apply(scope, data)).rejects.toMatchObject({
        code: 'validation_failed',
        message: expect.stringMatching(
          `^${kind} conf, /(data|stringData)/..~1probe.txt: "../probe.txt" must be letters`,
        ),
      });
    }
    expect(await bench.target().list(scope)).toEqual([]);
  });

  it(
    'writes no file of a volume outside of it, whatever an object that is kept says [A-DEP-07]',
    async () => {
      const scope = scopeOf('keys');
      const volumes = [{ name: 'conf', configMap: { name: 'conf' } }];
      const web = webDeployment(scope, () => ({ image, command: ['sleep', '1000'] }), 'v1', {
        container: {
          volumeMounts: [{ name: 'conf', mountPath: '/conf' }],
          readinessProbe: { exec: { command: ['true'] } },
        },
        pod: { volumes },
      });
      await bench.apply(scope, dataObject(scope, 'ConfigMap', 'conf', { 'probe.txt': 'x' }), web);
      await bench.reaches(scope, web, 'healthy');
      expect(filesNamed(runtimeDir, 'probe.txt')).toEqual([
        expect.stringMatching(/\/conf\/probe\.txt$/),
      ]);
      const kept = keptFile(scope, 'ConfigMap.conf.json');
      const text = readFileSync(kept, 'utf8');
      await bench.reopen(() => writeFileSync(kept, text.replaceAll('probe.txt', '../probe.txt')));
      await bench.tells(scope, web, /probe\.txt" is no path within/);
      expect(filesNamed(runtimeDir, 'probe.txt')).toEqual([]);
      await bench.target().remove(scope, ref(web));
    },
    patience,
  );

  it(
    'runs on with what an older Slipway took and this one refuses [A-DEP-14]',
    async () => {
      const scope = scopeOf('older');
      const web = (container: object, pod: object = {}) =>
        webDeployment(scope, () => ({ image, command: ['sleep', '1000'], name: 'app' }), 'v1', {
          container: {
            readinessProbe: { exec: { command: ['test', '-d', '/data/x'] } },
            ...container,
          },
          pod: { volumes: [{ name: 'data', emptyDir: {} }], ...pod },
        });
      const now = web({ volumeMounts: [{ name: 'data', mountPath: '/data/x' }] });
      const older = web({
        name: 'App_1',
        volumeMounts: [{ name: 'data', mountPath: '/data/./x/' }],
        env: [{ name: 'A B', value: 'x' }],
      });
      await bench.apply(scope, now);
      await bench.reaches(scope, now, 'healthy');
      const kept = keptFile(scope, 'Deployment.web.json');
      await bench.reopen(() => {
        const object = JSON.parse(readFileSync(kept, 'utf8')) as Record<string, unknown>;
        for (const part of ['applied', 'live']) {
          object[part] = { ...(object[part] as object), spec: older['spec'] };
        }
        writeFileSync(kept, JSON.stringify(object));
      });
      await bench.reaches(scope, now, 'healthy');
      await expect(bench.target().apply(scope, older)).rejects.toMatchObject({
        code: 'validation_failed',
        message: expect.stringMatching(/^Deployment web, .*\/name: "App_1" must be a DNS label/),
      });
      expect((await bench.target().health(scope, ref(now))).status).toBe('healthy');
      await bench.target().remove(scope, ref(now));
    },
    patience,
  );

  it(
    'shows a folder that is mounted below /etc to the application that mounts it, and to no other [A-DEP-07]',
    async () => {
      const scope = scopeOf('etc');
      const mounts = [{ name: 'own', mountPath: '/etc/of-one/conf' }];
      const volumes = [{ name: 'own', emptyDir: {} }];
      const code = 'ls -d /etc/of-one/conf; head -1 /etc/passwd | cut -c 1-5; ls /etc | wc -l';
      const one = script(scope, `${code}; sleep 1000`, mounts, volumes, { name: 'one' });
      await bench.apply(scope, one);
      await bench.logs(scope, one, /^\/etc\/of-one\/conf\nroot:\n\d+\n$/);
      const other = script(scope, 'ls -d /etc/of-one 2>/dev/null || echo none', [], [], {
        name: 'other',
      });
      await bench.apply(scope, other);
      expect(await log(scope, other)).toBe('none\n');
      for (const job of [one, other]) await bench.target().remove(scope, ref(job));
      expect(filesNamed(runtimeDir, 'of-one')).toEqual([]);
    },
    patience,
  );

  it('refuses mount paths that are no normal form, that meet, or that hide what is ours [A-DEP-07]', async () => {
    const scope = scopeOf('forms');
    const volumes = ['a', 'b'].map((name) => ({ name, emptyDir: {} }));
    const cases: [string[], string][] = [
      ...['/./usr/bin', '/usr/./bin', '/data/../usr', '//usr', '/data//x', '/data/.'].map(
        (path): [string[], string] => [[path], 'normal form'],
      ),
      ...['/usr', '/usr/', '/usr/bin', '/etc', '/etc/', '/', '/etc/slipway/x', '/proc/1'].map(
        (path): [string[], string] => [[path], 'cannot be mounted at'],
      ),
      [['/data\0--bind\0/'], 'control character'],
      [['/data\nx'], 'control character'],
      [['/data', '/data/'], 'mounted at /data'],
    ];
    for (const [paths, sentence] of cases) {
      const mounts = paths.map((mountPath, at) => ({ name: at === 0 ? 'a' : 'b', mountPath }));
      const applied = bench.target().apply(scope, script(scope, 'true', mounts, volumes));
      await expect(applied).rejects.toMatchObject({
        code: 'validation_failed',
        message: expect.stringContaining(sentence),
      });
    }
  });

  it(
    'mounts at a path with a slash at its end, and a volume within another whatever their order [A-DEP-07]',
    async () => {
      const scope = scopeOf('nested');
      const mounts = [
        { name: 'inner', mountPath: '/data/conf/' },
        { name: 'outer', mountPath: '/data/' },
      ];
      const volumes = [
        { name: 'inner', configMap: { name: 'conf' } },
        { name: 'outer', emptyDir: {} },
      ];
      const job = script(scope, 'echo x > /data/y; ls /data; cat /data/conf/key', mounts, volumes);
      await bench.apply(scope, dataObject(scope, 'ConfigMap', 'conf', { key: 'value\n' }), job);
      expect(await log(scope, job)).toBe('conf\ny\nvalue\n');
    },
    patience,
  );

  it(
    'mounts nothing over a link, neither of an image nor of a volume [A-DEP-07]',
    async () => {
      const scope = scopeOf('links');
      const linked = bench.images.add(
        packFolder((dir) => {
          mkdirSync(join(dir, 'real'));
          symlinkSync('real', join(dir, 'link'));
          writeFileSync(join(dir, 'file'), '');
        }),
      );
      const volumes = [{ name: 'own', emptyDir: {} }];
      for (const [name, mountPath, why] of [
        ['at', '/workspace/link', /\/workspace\/link is a link/],
        ['through', '/workspace/link/below', /\/workspace\/link is a link/],
        ['file', '/workspace/file', /\/workspace\/file is no folder/],
      ] as const) {
        const job = script(scope, 'true', [{ name: 'own', mountPath }], volumes, {
          image: linked,
          name,
        });
        await bench.apply(scope, job);
        await bench.tells(scope, job, why);
      }
      const set = (version: string, mounts: Record<string, unknown>[]) => ({
        ...webDeployment(
          scope,
          () => ({ image, command: ['sh', '-c', 'ln -s /workspace /data/link; sleep 1000'] }),
          version,
          {
            name: 'set',
            container: {
              readinessProbe: { exec: { command: ['test', '-L', '/data/link'] } },
              volumeMounts: [{ name: 'data', mountPath: '/data' }, ...mounts],
            },
            pod: { volumes, terminationGracePeriodSeconds: 0 },
            spec: { volumeClaimTemplates: [{ metadata: { name: 'data' } }] },
          },
        ),
        kind: 'StatefulSet',
      });
      await bench.apply(scope, set('v1', []));
      await bench.reaches(scope, set('v1', []), 'healthy');
      const second = set('v2', [{ name: 'own', mountPath: '/data/link/below' }]);
      await bench.apply(scope, second);
      await bench.tells(scope, second, /\/data\/link is a link/);
      await bench.target().remove(scope, ref(second));
    },
    patience,
  );

  it(
    'refuses an archive whose link leads out by way of another one',
    async () => {
      const scope = scopeOf('chained');
      const chained = bench.images.add(
        packFolder((dir) => {
          mkdirSync(join(dir, 'sub', 'deep'), { recursive: true });
          symlinkSync('../..', join(dir, 'sub', 'deep', 'top'));
          symlinkSync('sub/deep/top/../outside', join(dir, 'out'));
        }),
      );
      const job = script(scope, 'true', [], [], { image: chained });
      await bench.apply(scope, job);
      await bench.tells(scope, job, /holds out: a link that leads out/);
    },
    patience,
  );
});

/** Packs what `make` puts into a folder. */
function packFolder(make: (dir: string) => void): ReturnType<typeof packed> {
  const dir = mkdtempSync(join(tmpdir(), 'slipway-pack-'));
  make(dir);
  return packed(execFileSync('tar', ['-C', dir, '-cf', '-', '.']));
}

/** Paths of what bears a name anywhere below a folder. */
function filesNamed(dir: string, name: string): string[] {
  const all = readdirSync(dir, { recursive: true, withFileTypes: true });
  return all.filter((entry) => entry.name === name).map((entry) => join(entry.parentPath, name));
}
