import { describe, expect, it } from '@jest/globals';
import { stopWorkload } from '../../activities/deploy/set-replicas.ts';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import type {
  DeployTarget,
  HealthStatus,
  ObjectHealth,
  TargetScope,
} from '../../contracts/deploy/target.ts';
import { type AppContainer, onceJob, ref } from '../support/deploy-manifests.ts';

interface Subject {
  target: () => DeployTarget;
  scope: () => TargetScope;
  /** How the test application runs there. */
  app: () => AppContainer;
  apply: (...manifests: Manifest[]) => Promise<void>;
  reaches: (manifest: Manifest, status: HealthStatus) => Promise<ObjectHealth>;
}

/** What every deploy target does alike with Jobs. */
export function describeJobs({ target, scope, app, apply, reaches }: Subject): void {
  describe('with a job', () => {
    it('tells of a job that it succeeded, and of one that it failed', async () => {
      const good = onceJob(scope(), app());
      const bad = onceJob(scope(), app(), { name: 'bad', mode: 'crash', backoffLimit: 0 });
      await apply(good, bad);
      await reaches(good, 'healthy');
      await reaches(bad, 'degraded');
    }, 120_000);

    it('runs a job anew whose template changed, and leaves one alone that is as it was [A-DEP-07]', async () => {
      const first = onceJob(scope(), app());
      const { uid } = await target().apply(scope(), first);
      await reaches(first, 'healthy');
      const labelled = { ...first, metadata: { ...first.metadata, labels: { round: '2' } } };
      expect(await target().apply(scope(), labelled)).toEqual({ uid, changed: true });
      expect(await target().drift(scope(), labelled)).toEqual([]);
      const other = onceJob(scope(), app(), { version: 'twice' });
      const [drift] = await target().drift(scope(), other);
      expect(drift?.path).toMatch(/^\/spec\/template/);
      const replaced = await target().apply(scope(), other);
      expect(replaced.changed).toBe(true);
      expect(replaced.uid).not.toBe(uid);
      await reaches(other, 'healthy');
      expect(await target().drift(scope(), other)).toEqual([]);
      expect((await target().apply(scope(), other)).uid).toBe(replaced.uid);
    }, 120_000);

    it('holds a job that is stopped and has it go on, and leaves one alone that has ended [A-DEP-09]', async () => {
      const ended = onceJob(scope(), app());
      const long = onceJob(scope(), app(), { name: 'long', mode: 'wait', graceSeconds: 1 });
      await apply(ended, long);
      await reaches(ended, 'healthy');
      await reaches(long, 'progressing');
      const stopped = structuredClone([ended, long]);
      for (const one of stopped) stopWorkload(one);
      await apply(...stopped);
      await reaches(long, 'suspended');
      await reaches(ended, 'healthy');
      for (const one of stopped) expect(await target().drift(scope(), one)).toEqual([]);
      await apply(ended, long);
      await reaches(long, 'progressing');
      await reaches(ended, 'healthy');
      for (const one of [ended, long]) expect(await target().drift(scope(), one)).toEqual([]);
      await target().remove(scope(), ref(long));
    }, 120_000);
  });
}
