import { describe, expect, it } from '@jest/globals';
import { judgeCheck, type CheckRun } from './required-checks.ts';

const sha = 'a'.repeat(40);
let number = 0;
const run = (
  trigger: string,
  status: string,
  steps: Record<string, string> = {},
  isByHand = trigger === 'api',
): CheckRun => ({
  number: (number += 1),
  trigger,
  status,
  isByHand,
  steps: Object.entries(steps).map(([name, of]) => ({ name, status: of })),
});
const stateOf = (name: string, ...runs: CheckRun[]) => judgeCheck(name, runs, sha).state;

describe('a required check', () => {
  it('is missing, and named, until it has reported [A-MR-04]', () => {
    expect(judgeCheck('test', [], sha)).toEqual({
      rule: 'check:test',
      state: 'missing',
      detail: 'test has not reported for aaaaaaaa.',
      missing: ['test'],
    });
    expect(stateOf('test', run('push', 'success', { build: 'success' }))).toBe('missing');
    expect(stateOf('test', run('push', 'success', { test: 'skipped' }))).toBe('missing');
    expect(stateOf('test', run('push', 'failure', { test: 'cancelled' }))).toBe('missing');
  });

  it('is pending while a run goes on in which it may report [A-MR-04]', () => {
    expect(stateOf('test', run('mr', 'pending'))).toBe('pending');
    expect(stateOf('test', run('mr', 'running', { test: 'waiting' }))).toBe('pending');
    expect(stateOf('pipeline', run('mr', 'running'))).toBe('pending');
  });

  it('passes when it succeeded wherever it ran, in every variant of a matrix [A-MR-04]', () => {
    const green = { 'test.18': 'success', 'test.20': 'success' };
    expect(stateOf('test', run('push', 'success', green))).toBe('passed');
    expect(stateOf('test', run('push', 'failure', { ...green, 'test.20': 'failure' }))).toBe(
      'missing',
    );
    expect(stateOf('pipeline', run('push', 'success'), run('mr', 'success'))).toBe('passed');
  });

  it('is not outvoted by another cause, but by a later run by hand [A-MR-04]', () => {
    const failed = run('push', 'failure', { test: 'failure' });
    const other = run('mr', 'success', { test: 'success' });
    expect(stateOf('test', failed, other)).toBe('missing');
    expect(stateOf('pipeline', failed, other)).toBe('missing');
    const rerun = run('api', 'success', { test: 'success' });
    expect(stateOf('test', failed, other, rerun)).toBe('passed');
    const again = run('mr', 'success', { test: 'success' }, true);
    expect(stateOf('test', failed, other, again)).toBe('passed');
    expect(stateOf('test', rerun, run('mr', 'failure', { test: 'failure' }, true))).toBe('missing');
    const later = run('push', 'failure', { test: 'failure' });
    expect(stateOf('test', rerun, later)).toBe('missing');
  });
});
