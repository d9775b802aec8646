import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { deployPhases, type Manifest, refKey, refOf } from '../../../contracts/deploy/manifest.ts';
import { compareManifests } from './kind-order.ts';
import { planPrune, planRemoval, prunableObjects } from './plan-prune.ts';
import { hashManifest, planWaves } from './plan-waves.ts';

const kinds = [
  'Namespace',
  'Secret',
  'ConfigMap',
  'Service',
  'Deployment',
  'Job',
  'Ingress',
  'Odd',
];
const object = (
  kind: string,
  name: string,
  annotations: Record<string, string> = {},
): Manifest => ({ apiVersion: 'v1', kind, metadata: { name, namespace: 'shop', annotations } });
const laidOut = (manifests: Manifest[]) =>
  planWaves(manifests).map(({ phase, wave, objects }) => [
    phase,
    wave,
    objects.map(({ ref }) => `${ref.kind}/${ref.name}`).join(' '),
  ]);

const anyManifest = fc
  .record({
    kind: fc.constantFrom(...kinds),
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    wave: fc.option(fc.integer({ min: -5, max: 5 }), { nil: undefined }),
    hook: fc.option(fc.constantFrom('PreSync', 'PostSync', 'PreSync,SyncFail', 'Skip'), {
      nil: undefined,
    }),
    isKept: fc.boolean(),
  })
  .map(({ kind, name, wave, hook, isKept }) =>
    object(kind, name, {
      ...(wave === undefined ? {} : { 'slipway.dev/sync-wave': String(wave) }),
      ...(hook === undefined ? {} : { 'argocd.argoproj.io/hook': hook }),
      ...(isKept ? { 'argocd.argoproj.io/sync-options': 'Validate=false, Prune=false' } : {}),
    }),
  );
const anyManifests = fc.uniqueArray(anyManifest, {
  selector: (manifest) => refKey(refOf(manifest)),
  maxLength: 20,
});

describe('planWaves', () => {
  it('orders phases, then waves from negative to positive, then kinds as Argo CD does [A-DEP-06]', () => {
    expect(
      laidOut([
        object('Ingress', 'web'),
        object('Odd', 'thing'),
        object('Deployment', 'web'),
        object('ConfigMap', 'web'),
        object('Secret', 'web'),
        object('Service', 'web'),
        object('Job', 'late', { 'slipway.dev/sync-wave': '10' }),
        object('Job', 'early', { 'argocd.argoproj.io/sync-wave': '-2' }),
        object('Job', 'migrate', { 'argocd.argoproj.io/hook': 'PreSync' }),
        object('Job', 'check', { 'slipway.dev/hook': 'PostSync' }),
        object('Job', 'tell', { 'slipway.dev/hook': 'SyncFail' }),
        object('Job', 'never', { 'slipway.dev/hook': 'Skip' }),
      ]),
    ).toEqual([
      ['PreSync', 0, 'Job/migrate'],
      ['Sync', -2, 'Job/early'],
      ['Sync', 0, 'Secret/web ConfigMap/web Service/web Deployment/web Ingress/web Odd/thing'],
      ['Sync', 10, 'Job/late'],
      ['PostSync', 0, 'Job/check'],
      ['SyncFail', 0, 'Job/tell'],
    ]);
  });

  it('knows hooks and their delete policies in the words of Slipway, Argo CD and Helm [A-DEP-06]', () => {
    const waves = planWaves([
      object('Job', 'a', {
        'argocd.argoproj.io/hook': 'PreSync',
        'argocd.argoproj.io/hook-delete-policy': 'HookSucceeded, HookFailed',
      }),
      object('Job', 'b', {
        'helm.sh/hook': 'pre-install,pre-upgrade',
        'helm.sh/hook-weight': '-5',
        'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded',
      }),
      object('Job', 'c', { 'helm.sh/hook': 'test' }),
      object('Job', 'd', { 'slipway.dev/hook': 'Sync' }),
    ]);
    expect(
      waves.map(({ phase, wave, objects }) => [phase, wave, objects[0]?.deletePolicy]),
    ).toEqual([
      ['PreSync', -5, ['BeforeHookCreation', 'HookSucceeded']],
      ['PreSync', 0, ['HookSucceeded', 'HookFailed']],
      ['Sync', 0, ['BeforeHookCreation']],
    ]);
    expect(waves.every(({ objects }) => objects.every(({ isHook }) => isHook))).toBe(true);
  });

  it('gives the same plan for whatever order the manifests came in, each object once a phase [A-DEP-06]', () => {
    fc.assert(
      fc.property(anyManifests, fc.infiniteStream(fc.nat()), (manifests, chance) => {
        const keyed = manifests.map((manifest) => ({ manifest, rank: chance.next().value }));
        const shuffled = keyed.sort((a, b) => a.rank - b.rank).map(({ manifest }) => manifest);
        const plan = planWaves(manifests);
        expect(planWaves(shuffled)).toEqual(plan);
        const order = plan.map(({ phase, wave }) => deployPhases.indexOf(phase) * 1000 + wave);
        expect([...order].sort((a, b) => a - b)).toEqual(order);
        expect(new Set(order).size).toBe(order.length);
        for (const phase of deployPhases) {
          const keys = plan
            .filter((wave) => wave.phase === phase)
            .flatMap(({ objects }) => objects.map(({ ref }) => refKey(ref)));
          expect(new Set(keys).size).toBe(keys.length);
        }
      }),
    );
  });

  it('compares any two objects, in one direction only [A-DEP-06]', () => {
    fc.assert(
      fc.property(anyManifest, anyManifest, anyManifest, (a, b, c) => {
        const sign = (x: Manifest, y: Manifest) => Math.sign(compareManifests(x, y));
        expect(sign(a, b) + sign(b, a)).toBe(0);
        expect(sign(a, b) === 0).toBe(refKey(refOf(a)) === refKey(refOf(b)));
        if (sign(a, b) <= 0 && sign(b, c) <= 0) expect(sign(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });

  it('hashes an object alike in whatever order its keys came [A-DEP-03]', () => {
    const one = { apiVersion: 'v1', kind: 'A', metadata: { name: 'a', namespace: 'b' } };
    const other = { metadata: { namespace: 'b', name: 'a' }, kind: 'A', apiVersion: 'v1' };
    expect(hashManifest(one)).toBe(hashManifest(other));
    expect(hashManifest({ ...one, spec: 1 })).not.toBe(hashManifest(one));
  });
});

describe('planPrune', () => {
  const previous = prunableObjects([
    object('Deployment', 'web', { 'slipway.dev/sync-wave': '1' }),
    object('ConfigMap', 'web'),
    object('Secret', 'kept', { 'argocd.argoproj.io/sync-options': 'Prune=false' }),
    object('ConfigMap', 'gone'),
    object('Ingress', 'gone', { 'slipway.dev/sync-wave': '1' }),
    object('Job', 'hook', { 'slipway.dev/hook': 'PreSync' }),
  ]);
  const rendered = (...names: string[]) =>
    names.map((name) => {
      const [kind = '', called = ''] = name.split('/');
      return refOf(object(kind, called));
    });

  it('removes in reverse order what is rendered no more, but for what asked to stay [A-DEP-06]', () => {
    const plan = planPrune(previous, rendered('Deployment/web', 'ConfigMap/web'));
    expect(plan.remove.map(({ kind, name }) => `${kind}/${name}`)).toEqual([
      'Ingress/gone',
      'ConfigMap/gone',
    ]);
    expect(plan.keep).toHaveLength(3);
    expect(plan.needsPerson).toBe(false);
  });

  it('needs a person when more than half would go, and removes nothing on an empty render [A-DEP-06]', () => {
    expect(planPrune(previous, rendered('Deployment/web')).needsPerson).toBe(true);
    expect(planPrune(previous, [])).toMatchObject({ remove: [], needsPerson: false });
  });

  it('puts every object of before on exactly one side, and removes nothing that is rendered [A-DEP-06]', () => {
    fc.assert(
      fc.property(anyManifests, anyManifests, (before, after) => {
        const objects = prunableObjects(before);
        const current = after.map(refOf);
        const { remove, keep, needsPerson } = planPrune(objects, current);
        const keys = [...remove, ...keep].map(refKey).sort();
        expect(keys).toEqual(objects.map(({ ref }) => refKey(ref)).sort());
        const now = new Set(current.map(refKey));
        expect(remove.filter((ref) => now.has(refKey(ref)))).toEqual([]);
        if (after.length === 0) expect(remove).toEqual([]);
        expect(needsPerson).toBe(remove.length > objects.length / 2);
        const order = objects.map(({ ref }) => refKey(ref)).reverse();
        const places = remove.map((ref) => order.indexOf(refKey(ref)));
        expect([...places].sort((a, b) => a - b)).toEqual(places);
      }),
    );
  });
});

describe('planRemoval', () => {
  const names = (refs: { kind: string; name: string }[]) =>
    refs.map(({ kind, name }) => `${kind}/${name}`);
  const of = (kind: string, name: string, annotations?: Record<string, string>) =>
    object(kind, name, annotations);
  const key = (manifest: Manifest) => refKey(refOf(manifest));
  const served = [of('ConfigMap', 'web'), of('Deployment', 'web'), of('Service', 'web')];
  const current = served.map(refOf);
  const left = [of('ConfigMap', 'left'), of('Deployment', 'left'), of('Secret', 'left')];
  const older = of('ConfigMap', 'older');
  const all = { previous: served, owned: [...served, ...left, older], current };

  it('takes whatever we own and render no more, not only what the last good revision held [A-DEP-03] [A-DEP-06]', () => {
    const plan = planRemoval({ ...all, leftovers: new Set(), prune: true });
    expect(names(plan.remove)).toEqual([
      'Deployment/left',
      'ConfigMap/older',
      'ConfigMap/left',
      'Secret/left',
    ]);
    expect(plan.needsPerson).toBe(true);
  });

  it('takes what a rollout left that never ended without asking anybody, also where nothing is pruned [A-DEP-03] [A-DEP-06]', () => {
    const leftovers = new Set(left.map(key));
    expect(planRemoval({ ...all, leftovers, prune: true })).toMatchObject({
      remove: { length: 4 },
      needsPerson: false,
    });
    const { remove } = planRemoval({ ...all, leftovers, prune: false });
    expect(names(remove)).toEqual(['Deployment/left', 'ConfigMap/left', 'Secret/left']);
    expect(planRemoval({ ...all, current: [], leftovers, prune: true }).remove).toEqual([]);
  });

  it('leaves hooks alone, and what asked to stay [A-DEP-06]', () => {
    const owned = [
      of('Job', 'migrate', { 'slipway.dev/hook': 'PreSync' }),
      of('Secret', 'kept', { 'argocd.argoproj.io/sync-options': 'Prune=false' }),
    ];
    const leftovers = new Set(owned.map(key));
    expect(planRemoval({ previous: served, owned, leftovers, current, prune: true })).toEqual({
      remove: [],
      needsPerson: false,
    });
  });
});
