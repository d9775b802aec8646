import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import type {
  DeployTarget,
  HealthStatus,
  ObjectHealth,
  TargetScope,
} from '../../contracts/deploy/target.ts';
import {
  dataObject,
  ref,
  webDeployment,
  webService,
  type AppContainer,
} from '../support/deploy-manifests.ts';
import { eventually } from '../support/eventually.ts';
import { keepAsking } from '../support/keep-asking.ts';
import { describeJobs } from './deploy-target-jobs.ts';

/** What a target gives the suite. */
export interface TargetSubject {
  target(): DeployTarget;
  /** How the test application runs there, see support/deploy-app.ts. */
  app: AppContainer;
  /** A scope with an empty namespace; `beside`: another deployment in the same namespace. */
  newScope(beside?: TargetScope): Promise<TargetScope>;
  /** Writes fields as another field manager. */
  writeAs(manager: string, scope: TargetScope, manifest: Manifest): Promise<void>;
  /** Starts anew whatever supervises the applications. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const patience = 120_000;

/** What every deploy target must do alike: sandboxed processes, a cluster. */
export function runTargetConformance(name: string, open: () => Promise<TargetSubject>): void {
  describe(`the ${name} target`, () => {
    let subject: TargetSubject;
    let scope: TargetScope;

    beforeAll(async () => {
      subject = await open();
    }, patience);
    afterAll(() => subject.close(), 60_000);
    beforeEach(async () => {
      scope = await subject.newScope();
    }, 240_000);

    const target = (): DeployTarget => subject.target();
    const apply = async (...manifests: Manifest[]): Promise<void> => {
      for (const manifest of manifests) await target().apply(scope, manifest);
    };
    const reaches = (manifest: Manifest, status: HealthStatus): Promise<ObjectHealth> =>
      eventually(async () => {
        const health = await target().health(scope, ref(manifest));
        if (health.status === status) return health;
        throw new Error(`${health.status}: ${health.message}`);
      }, 90_000);
    const url = async (service = 'web'): Promise<string> => {
      const all = await target().addresses(scope);
      const found = all.find((one) => one.service === service);
      if (found === undefined) throw new Error(`${service} has no address`);
      return found.url;
    };
    const answer = async (path = '/'): Promise<string> =>
      (await fetch(`${await url()}${path}`)).text();
    const web = (version: string, options: Parameters<typeof webDeployment>[3] = {}): Manifest =>
      webDeployment(scope, subject.app, version, options);

    it(
      'runs what is applied, tells that it is healthy, and answers at its address [A-DEP-07]',
      async () => {
        const deployment = web('v1', { replicas: 2 });
        expect(await target().health(scope, ref(deployment))).toMatchObject({ status: 'missing' });
        await apply(webService(scope), deployment);
        const health = await reaches(deployment, 'healthy');
        expect(health.message).toContain('2 of 2');
        await reaches(webService(scope), 'healthy');
        expect(await answer()).toBe('v1');
      },
      patience,
    );

    it(
      'changes nothing when the same is applied again, and keeps the object over a change',
      async () => {
        const first = await target().apply(scope, web('v1'));
        await reaches(web('v1'), 'healthy');
        const again = await target().apply(scope, web('v1'));
        expect(first.changed).toBe(true);
        expect(again).toEqual({ uid: first.uid, changed: false });
        const before = await target().read(scope, ref(web('v1')));
        expect(await target().apply(scope, web('v2'))).toEqual({ uid: first.uid, changed: true });
        const after = await target().read(scope, ref(web('v1')));
        const generations = [before, after].map((live) =>
          Number(live?.object.metadata['generation']),
        );
        expect(generations[1]).toBe((generations[0] ?? 0) + 1);
      },
      patience,
    );

    it(
      'updates and rolls back without one failed request',
      async () => {
        await apply(webService(scope), web('v1', { replicas: 2 }));
        await reaches(web('v1'), 'healthy');
        const requests = keepAsking(await url());
        for (const version of ['v2', 'v1']) {
          await apply(web(version, { replicas: 2 }));
          await reaches(web(version), 'healthy');
          expect(await answer()).toBe(version);
        }
        const { seen, failures } = await requests.stop();
        expect(failures).toEqual([]);
        expect([...seen].sort()).toEqual(['v1', 'v2']);
      },
      patience,
    );

    it(
      'finishes a request that an old replica is answering when the new one takes over',
      async () => {
        await apply(webService(scope), web('v1'));
        await reaches(web('v1'), 'healthy');
        const slow = answer('/slow');
        await new Promise((resolve) => setTimeout(resolve, 100));
        await apply(web('v2'));
        expect(await slow).toBe('v1');
        await reaches(web('v2'), 'healthy');
        expect(await answer()).toBe('v2');
      },
      patience,
    );

    it(
      'calls a version that ends at once degraded, with its exit code, while the old one serves [A-DEP-07]',
      async () => {
        await apply(webService(scope), web('v1'));
        await reaches(web('v1'), 'healthy');
        const bad = web('v2', { mode: 'crash', spec: { progressDeadlineSeconds: 5 } });
        await apply(bad);
        const { message } = await reaches(bad, 'degraded');
        expect(message).toMatch(/code 3|exit code: 3|CrashLoopBackOff/);
        expect(await answer()).toBe('v1');
        await apply(web('v1'));
        expect((await reaches(web('v1'), 'healthy')).message).toContain('1 of 1');
        expect(await answer()).toBe('v1');
      },
      patience,
    );

    it(
      'never calls a version ready whose probe fails, and the old one goes on serving [A-DEP-07]',
      async () => {
        await apply(webService(scope), web('v1'));
        await reaches(web('v1'), 'healthy');
        const requests = keepAsking(await url());
        const bad = web('v2', { mode: 'unready', spec: { progressDeadlineSeconds: 5 } });
        await apply(bad);
        await reaches(bad, 'degraded');
        const { seen, failures } = await requests.stop();
        expect([...seen]).toEqual(['v1']);
        expect(failures).toEqual([]);
      },
      patience,
    );

    it(
      'starts a replica again that ended',
      async () => {
        await apply(webService(scope), web('v1'));
        await reaches(web('v1'), 'healthy');
        await answer('/exit').catch(() => undefined);
        expect(
          await eventually(async () => ((await answer()) === 'v1' ? 'v1' : undefined), 60_000),
        ).toBe('v1');
        await reaches(web('v1'), 'healthy');
      },
      patience,
    );

    it(
      'stops an application that is scaled to 0, and starts it again [A-DEP-09]',
      async () => {
        await apply(webService(scope), web('v1'));
        await reaches(web('v1'), 'healthy');
        await apply(web('v1', { replicas: 0 }));
        await reaches(web('v1'), 'healthy');
        await eventually(() =>
          answer().then(
            () => undefined,
            () => true,
          ),
        );
        await apply(web('v1'));
        await reaches(web('v1'), 'healthy');
        expect(await eventually(() => answer())).toBe('v1');
      },
      patience,
    );

    describeJobs({ target, scope: () => scope, app: () => subject.app, apply, reaches });

    it(
      'gives an application what ConfigMaps and Secrets hold',
      async () => {
        await apply(
          dataObject(scope, 'ConfigMap', 'settings', { GREETING: 'hello' }),
          dataObject(scope, 'Secret', 'keys', { token: 'a "quoted" value' }),
          webService(scope),
          web('v1', {
            env: [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'keys', key: 'token' } } }],
            pod: { volumes: [{ name: 'keys', secret: { secretName: 'keys' } }] },
            container: {
              envFrom: [{ configMapRef: { name: 'settings' } }],
              volumeMounts: [{ name: 'keys', mountPath: '/etc/keys', readOnly: true }],
            },
          }),
        );
        await reaches(web('v1'), 'healthy');
        expect(JSON.parse(await answer('/env'))).toMatchObject({
          GREETING: 'hello',
          TOKEN: 'a "quoted" value',
        });
        expect(await answer('/file/etc/keys/token')).toBe('a "quoted" value');
      },
      patience,
    );

    it(
      'lists what a deployment owns, and removes it with all that belongs to it',
      async () => {
        const objects = [webService(scope), web('v1')];
        await apply(...objects);
        await reaches(web('v1'), 'healthy');
        const names = (await target().list(scope)).map(
          (live) => `${live.ref.kind} ${live.ref.name}`,
        );
        expect(names.sort()).toEqual(['Deployment web', 'Service web']);
        for (const object of objects) await target().remove(scope, ref(object));
        for (const object of objects) await target().remove(scope, ref(object));
        expect(await target().list(scope)).toEqual([]);
        expect(await target().read(scope, ref(web('v1')))).toBeNull();
      },
      patience,
    );

    it(
      'leaves what another deployment owns as it is, and refuses what lies in another namespace',
      async () => {
        const config = dataObject(scope, 'ConfigMap', 'settings', { a: '1' });
        await apply(config);
        const other = await subject.newScope(scope);
        // Refused, or kept apart: in no case is it the object of the first one.
        const orRefused = (error: unknown) => expect(error).toMatchObject({ code: 'forbidden' });
        expect((await target().list(other)).map(({ uid }) => uid)).toEqual([]);
        await target()
          .apply(other, { ...config, data: { a: '2' } })
          .catch(orRefused);
        await target().remove(other, ref(config)).catch(orRefused);
        expect(await target().list(other)).toEqual([]);
        const refused = { code: 'forbidden' };
        const stranger = await subject.newScope();
        await expect(target().apply(stranger, config)).rejects.toMatchObject(refused);
        await expect(target().read(stranger, ref(config))).rejects.toMatchObject(refused);
        expect((await target().read(scope, ref(config)))?.object['data']).toEqual({ a: '1' });
      },
      patience,
    );

    it(
      'shows fields that somebody else changed, with their name, and takes them back',
      async () => {
        const config = dataObject(scope, 'ConfigMap', 'settings', { a: '1', b: '2' });
        await apply(config);
        expect(await target().drift(scope, config)).toEqual([]);
        await subject.writeAs('somebody', scope, { ...config, data: { a: '9', c: '3' } });
        expect(await target().drift(scope, config)).toMatchObject([
          { path: '/data/a', desired: '1', live: '9', manager: 'somebody' },
        ]);
        await apply(config);
        expect(await target().drift(scope, config)).toEqual([]);
        const live = await target().read(scope, ref(config));
        expect(live?.object['data']).toEqual({ a: '1', b: '2', c: '3' });
        await target().remove(scope, ref(config));
        expect(await target().drift(scope, config)).toMatchObject([{ path: '', live: null }]);
      },
      patience,
    );

    it(
      'goes on by itself, at the same address, after its supervisor was started anew [A-DEP-14]',
      async () => {
        await apply(webService(scope), web('v1'));
        await reaches(web('v1'), 'healthy');
        const before = await url();
        await subject.restart();
        await reaches(web('v1'), 'healthy');
        expect(await url()).toBe(before);
        expect(await eventually(() => answer())).toBe('v1');
        expect(await target().apply(scope, web('v1'))).toMatchObject({ changed: false });
      },
      patience,
    );
  });
}
