import { describe, expect, it } from '@jest/globals';
import { healLimit } from '../../contracts/deploy/types.ts';
import { HealCount, sealedWaitMs, UndoStack } from './deployment.state.ts';

const field = { key: 'apps/Deployment/ns/web#/spec/replicas', manager: 'hpa' };
const other = { key: 'ConfigMap/ns/conf#/data/a', manager: null };

describe('the undos of a sync', () => {
  it('run newest first, the pruning among them [A-DEP-08]', () => {
    const stack = new UndoStack();
    expect(stack.isEmpty).toBe(true);
    stack.register({ kind: 'wave', wave: { phase: 'PreSync', wave: 0 } });
    stack.register({ kind: 'wave', wave: { phase: 'Sync', wave: -1 } });
    stack.register({ kind: 'prune' });
    expect(stack.inReverse()).toEqual([
      { kind: 'prune' },
      { kind: 'wave', wave: { phase: 'Sync', wave: -1 } },
      { kind: 'wave', wave: { phase: 'PreSync', wave: 0 } },
    ]);
  });
});

describe('self-heal', () => {
  it('stops at a field that was put right three times in ten minutes, and names it [A-DEP-03]', () => {
    const count = new HealCount();
    for (let pass = 0; pass < healLimit.count; pass += 1) {
      expect(count.decide([field, other], 1000 + pass).heal).toContain(field);
    }
    const { heal, contested } = count.decide([field], 2000);
    expect(heal).toEqual([]);
    expect(contested).toEqual([field]);
  });

  it('takes a field up again when ten minutes have passed', () => {
    const count = new HealCount();
    for (let pass = 0; pass < healLimit.count; pass += 1) count.decide([field], 1000);
    expect(count.decide([field], 1000 + healLimit.withinMs).heal).toEqual([field]);
  });

  it('remembers through continue-as-new', () => {
    const count = new HealCount();
    for (let pass = 0; pass < healLimit.count; pass += 1) count.decide([field], 1000);
    expect(new HealCount(count.carry()).decide([field], 1001).contested).toEqual([field]);
  });
});

describe('secrets that are sealed', () => {
  it('are looked for ever later, every fifteen minutes in the end [A-DEP-14, A-CORE-10]', () => {
    const minutes = [1, 2, 3, 4, 5, 6, 5000].map((inARow) => sealedWaitMs(inARow) / 60_000);
    expect(minutes).toEqual([1, 2, 4, 8, 15, 15, 15]);
  });
});
