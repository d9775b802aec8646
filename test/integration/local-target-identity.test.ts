import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecretBox } from '../../adapters/secret-box/secret-box.ts';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import type { TargetScope } from '../../contracts/deploy/target.ts';
import { packApp, packed } from '../support/deploy-app.ts';
import { dataObject, ref, webDeployment, webService } from '../support/deploy-manifests.ts';
import { openLocalBench, scopeOf, type LocalBench } from '../support/local-bench.ts';

const patience = 180_000;

describe('deployments of the local target that have one namespace', () => {
  const box = createSecretBox({ kind: 'key', bytes: randomBytes(32), origin: 'made' });
  const one = scopeOf('a-b-c');
  const other: TargetScope = { ...one, deploymentId: 'dep_other', projectId: 'prj_other' };
  const token = { name: 'TOKEN', valueFrom: { secretKeyRef: optionally('keys', 'token') } };
  let bench: LocalBench;
  let image: string;

  beforeAll(async () => {
    bench = await openLocalBench({ secretBox: box });
    image = bench.images.add(packApp());
  }, patience);
  afterAll(() => bench.close(), patience);

  const app = (script: string): Record<string, unknown> => ({ image, command: ['node', script] });
  const web = (scope: TargetScope, version: string): Manifest =>
    webDeployment(scope, app, version, {
      env: [token],
      pod: { volumes: [{ name: 'keys', secret: { secretName: 'keys', optional: true } }] },
      container: {
        envFrom: [{ configMapRef: { name: 'settings', optional: true } }],
        volumeMounts: [{ name: 'keys', mountPath: '/srv/keys', readOnly: true }],
      },
    });

  it(
    'share no Secret, ConfigMap, Service or replica: each has its own of the same name [A-DEP-02][A-SEC-04]',
    async () => {
      const mine = [
        dataObject(one, 'Secret', 'keys', { token: 'of one' }),
        dataObject(one, 'ConfigMap', 'settings', { GREETING: 'of one' }),
        webService(one),
        webService(one, 'beside'),
      ];
      await bench.apply(one, ...mine, web(one, 'one'));
      await bench.reaches(one, web(one, 'one'), 'healthy');
      await bench.apply(other, webService(other), web(other, 'other'));
      await bench.reaches(other, web(other, 'other'), 'healthy');
      const env = JSON.parse(await bench.get(other, '/env')) as Record<string, string>;
      expect(env['TOKEN']).toBeUndefined();
      expect(env['GREETING']).toBeUndefined();
      expect(Object.keys(env).filter((name) => name.startsWith('BESIDE_'))).toEqual([]);
      for (let round = 0; round < 6; round += 1) {
        expect(await bench.get(one)).toBe('one');
        expect(await bench.get(other)).toBe('other');
      }
      expect(await bench.target().health(other, ref(webService(other)))).toMatchObject({
        message: '1 ready endpoint',
      });
      const secret = dataObject(other, 'Secret', 'keys', { token: 'of other' });
      expect(await bench.target().read(other, ref(secret))).toBeNull();
      await bench.apply(other, secret);
      await bench.target().remove(other, ref(secret));
      expect((await bench.target().list(other)).map(({ ref: { kind } }) => kind).sort()).toEqual([
        'Deployment',
        'Service',
      ]);
      expect((await bench.target().read(one, ref(secret)))?.object['data']).toEqual({
        token: Buffer.from('of one').toString('base64'),
      });
    },
    patience,
  );

  it(
    'stay apart when the target is opened again, and one that gets another namespace keeps what runs [A-DEP-14]',
    async () => {
      const before = await bench.target().addresses(other);
      await bench.reopen();
      const moved = { ...other, namespace: 'a-b-c-1a2b3c4d' };
      await bench.reaches(moved, web(moved, 'other'), 'healthy');
      expect(await bench.target().addresses(moved)).toEqual(before);
      expect(await bench.target().drift(moved, web(moved, 'other'))).toEqual([]);
      const uids = async () => (await bench.target().list(moved)).map(({ uid }) => uid).sort();
      const kept = await uids();
      await bench.apply(moved, webService(moved), web(moved, 'other'));
      expect(await uids()).toEqual(kept);
      expect(await bench.get(moved)).toBe('other');
      expect(await bench.get(one)).toBe('one');
    },
    patience,
  );

  it('refuses a deployment whose id is no plain name [A-DEP-02]', async () => {
    const outside = { ...one, deploymentId: 'dep_../probe' };
    const config = dataObject(one, 'ConfigMap', 'probe', { a: '1' });
    await expect(bench.target().apply(outside, config)).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(bench.target().removeNamespace(outside)).rejects.toMatchObject({
      code: 'forbidden',
    });
  });

  it(
    'takes up what an older Slipway kept by namespace: objects, sealed Secrets, ports and claims [A-DEP-14]',
    async () => {
      const address = (await bench.target().addresses(one))[0]?.url;
      const root = bench.root;
      await bench.reopen(() => keepByNamespace(root, one.deploymentId, one.namespace));
      expect(readdirSync(join(root, 'objects')).sort()).toEqual([one.deploymentId, 'dep_other']);
      await bench.reaches(one, web(one, 'one'), 'healthy');
      expect((await bench.target().addresses(one))[0]?.url).toBe(address);
      expect(JSON.parse(await bench.get(one, '/env'))).toMatchObject({ TOKEN: 'of one' });
      expect(readFileSync(join(root, 'claims', one.deploymentId, 'db', 'data', 'f'), 'utf8')).toBe(
        'kept',
      );
      expect(readdirSync(join(root, 'claims', 'gone-space'))).toEqual(['db']);
      expect(bench.logged.join('\n')).toMatch(/nobody is known whose the claims in .*gone-space/);
    },
    patience,
  );

  /** The folder as it was written before objects were kept by deployment. */
  function keepByNamespace(root: string, deploymentId: string, namespace: string): void {
    const [from, to] = [join(root, 'objects', deploymentId), join(root, 'objects', namespace)];
    renameSync(from, to);
    const file = join(to, 'Secret.keys.json');
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Record<string, never>;
    const { deploymentId: _id, ...old } = kept as { deploymentId?: string };
    const at = (name: string) => ({ projectId: one.projectId, name, version: 1 });
    const plain = box.open(
      Buffer.from(kept['sealed'] ?? '', 'base64'),
      kept['keyId'] ?? '',
      at(`local-target/${deploymentId} Secret/keys`),
    );
    const { sealed } = box.seal(plain, at(`local-target/Secret/${namespace}/keys`));
    writeFileSync(file, JSON.stringify({ ...old, sealed: Buffer.from(sealed).toString('base64') }));
    for (const space of [namespace, 'gone-space']) {
      const claim = join(root, 'claims', space, 'db', 'data');
      mkdirSync(claim, { recursive: true });
      writeFileSync(join(claim, 'f'), 'kept');
    }
    for (const layer of readdirSync(join(root, 'layers'))) {
      rmSync(join(root, 'layers', layer, 'owners.json'));
    }
  }
});

describe('artifacts of the local target', () => {
  let bench: LocalBench;
  beforeAll(async () => {
    bench = await openLocalBench();
  }, patience);
  afterAll(() => bench.close(), patience);

  it(
    'run only for a project whose run stored them, also when their bytes are unpacked already [A-DEP-02]',
    async () => {
      const owner = scopeOf('owner');
      const stranger = { ...scopeOf('stranger'), projectId: 'prj_2' };
      const image = bench.images.add(packApp(), owner.projectId);
      const web = (scope: TargetScope, name = image): Manifest =>
        webDeployment(scope, (script) => ({ image: name, command: ['node', script] }), 'v1');
      await bench.apply(owner, webService(owner), web(owner));
      await bench.reaches(owner, web(owner), 'healthy');
      await bench.apply(stranger, web(stranger));
      await bench.tells(stranger, web(stranger), /No run of this project stored artifact:app@/);
      expect(bench.images.opened).toEqual([image]);
      for (const name of ['artifact:a/b@sha256', 'artifact:a b@sha256', 'artifact:ä@sha256']) {
        const odd = `${name}:${image.split(':').at(-1) ?? ''}`;
        await expect(bench.target().apply(stranger, web(stranger, odd))).rejects.toMatchObject({
          code: 'validation_failed',
        });
      }
    },
    patience,
  );

  it(
    'start again for their project while the source cannot be asked, and when their time is over [A-DEP-14]',
    async () => {
      const scope = scopeOf('over');
      const bytes = packApp({ 'server.js': 'setInterval(() => {}, 1e6)' }).bytes;
      const image = bench.images.add(packed(bytes), scope.projectId);
      const app = { image, command: ['node', 'server.js'] };
      const web = webDeployment(scope, () => app, 'v1', {
        container: { readinessProbe: { exec: { command: ['true'] }, timeoutSeconds: 20 } },
      });
      await bench.apply(scope, web);
      await bench.reaches(scope, web, 'healthy');
      bench.images.add(packed(bytes), 'prj_nobody');
      await bench.reopen();
      await bench.reaches(scope, web, 'healthy');
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(image.split(':').at(-1));
    },
    patience,
  );
});

function optionally(name: string, key: string): Record<string, unknown> {
  return { name, key, optional: true };
}
