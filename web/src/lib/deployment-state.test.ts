import { describe, expect, it } from '@jest/globals';
import {
  bakeLeft,
  deploymentState,
  isBroken,
  isOutOfSync,
  mayRetry,
  shortImage,
  type Stated,
  wantsAttention,
} from './deployment-state.ts';

function stated(change: Partial<Stated>): Stated {
  return {
    currentStatus: 'healthy',
    desiredStatus: 'active',
    isDeleting: false,
    isPaused: false,
    generation: 3,
    observedGeneration: 3,
    lastSync: { status: 'succeeded' },
    ...change,
  };
}

describe('the state that a deployment is shown in', () => {
  it.each([
    ['Healthy', {}],
    ['Stopped', { desiredStatus: 'stopped' }],
    ['Degraded', { currentStatus: 'degraded' }],
    ['Failed', { currentStatus: 'failed', lastSync: null }],
    ['Pending', { currentStatus: 'pending', lastSync: null }],
    ['Rolling out', { currentStatus: 'syncing', lastSync: { status: 'running' } }],
    ['Paused', { currentStatus: 'syncing', lastSync: { status: 'running' }, isPaused: true }],
    ['Baking', { currentStatus: 'syncing', lastSync: { status: 'baking' } }],
    ['Waiting', { currentStatus: 'syncing', lastSync: { status: 'waiting' } }],
    ['Undoing', { currentStatus: 'syncing', lastSync: { status: 'undoing' } }],
    ['Needs a person', { isDeleting: true, lastSync: { status: 'needs_human' } }],
    ['Being removed', { isDeleting: true }],
  ] as const)('%s [A-UI-05]', (word, change) => {
    expect(deploymentState(stated(change)).word).toBe(word);
  });

  it('is out of sync only while nothing is on its way [A-UI-05]', () => {
    expect(isOutOfSync(stated({ generation: 4 }))).toBe(true);
    expect(isOutOfSync(stated({ generation: 4, lastSync: { status: 'running' } }))).toBe(false);
    expect(isOutOfSync(stated({}))).toBe(false);
  });

  it('is broken, and wants attention, where the last rollout failed although the one before serves [A-UI-05]', () => {
    const undone = { lastSync: { status: 'undone' } } as const;
    const broken = [undone, { lastSync: { status: 'needs_human' } }, { currentStatus: 'degraded' }];
    for (const change of broken as Partial<Stated>[]) {
      expect(isBroken(stated(change))).toBe(true);
      expect(wantsAttention({ ...stated(change), drift: [] })).toBe(true);
    }
    const fine = [{}, { lastSync: { status: 'rejected' } }, { ...undone, generation: 4 }];
    for (const change of fine as Partial<Stated>[]) {
      expect(isBroken(stated(change))).toBe(false);
      expect(wantsAttention({ ...stated(change), drift: [] })).toBe(false);
    }
  });

  it('can be tried again where something failed last and nothing newer is on its way [A-UI-05]', () => {
    for (const status of ['undone', 'rejected', 'needs_human'] as const)
      expect(mayRetry(stated({ lastSync: { status } }))).toBe(true);
    expect(mayRetry(stated({ currentStatus: 'failed', lastSync: null }))).toBe(true);
    const undone = { lastSync: { status: 'undone' } } as const;
    expect(mayRetry(stated({ ...undone, generation: 4 }))).toBe(false);
    expect(mayRetry(stated({ ...undone, isDeleting: true }))).toBe(false);
    expect(mayRetry(stated({ currentStatus: 'degraded', lastSync: { status: 'baking' } }))).toBe(
      false,
    );
    expect(mayRetry(stated({}))).toBe(false);
  });

  it('names an image by its digest, else by its tag [A-UI-05]', () => {
    expect(shortImage(`artifact:app@sha256:${'ab12'.repeat(16)}`)).toBe('sha256:ab12ab1');
    expect(shortImage('registry.local:5000/team/app:1.4')).toBe('app:1.4');
    expect(bakeLeft(1000, 30, 11_000)).toBe(20_000);
    expect(bakeLeft(1000, 30, 99_000)).toBe(0);
  });
});
