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
    const ran = { build: 'success' };
    expect(stateOf('pipeline', run('push', 'success', ran), run('mr', 'success', ran))).toBe(
      'passed',
    );
    const mayFail = { build: 'success', lint: 'failure' };
    expect(stateOf('pipeline', run('push', 'success', mayFail))).toBe('passed');
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

  it('is put right for the whole pipeline only by runs in which the steps that failed ran [A-MR-04]', () => {
    const failed = run('push', 'failure', { lint: 'success', test: 'failure' });
    const leftOut = { lint: 'success', test: 'skipped' };
    const green = { lint: 'success', test: 'success' };
    expect(stateOf('pipeline', failed, run('api', 'success', { test: 'skipped' }))).toBe('missing');
    expect(stateOf('pipeline', failed, run('api', 'success', leftOut))).toBe('missing');
    expect(stateOf('pipeline', failed, run('push', 'success', leftOut))).toBe('missing');
    expect(stateOf('pipeline', failed, run('api', 'success', green))).toBe('passed');
    expect(stateOf('pipeline', failed, run('push', 'success', green, true))).toBe('passed');
    expect(stateOf('pipeline', failed, run('api', 'pending'))).toBe('pending');
    const twice = run('mr', 'failure', { test: 'failure' });
    expect(stateOf('pipeline', failed, twice, run('api', 'success', green))).toBe('passed');
  });

  it('is not passed by a run in which nothing ran, but by a merge request that asks for nothing [A-MR-04]', () => {
    const nothing = { test: 'skipped' };
    expect(stateOf('pipeline', run('api', 'success', nothing))).toBe('missing');
    expect(stateOf('pipeline', run('push', 'success', nothing))).toBe('missing');
    expect(stateOf('pipeline', run('mr', 'success', nothing))).toBe('passed');
    const red = run('push', 'failure', { test: 'failure' });
    expect(stateOf('pipeline', red, run('mr', 'success', nothing))).toBe('missing');
  });

  it('is missing after a run that never came to its steps, until a rerun of its cause came to them [A-MR-04]', () => {
    const broken = run('push', 'cancelled');
    expect(stateOf('pipeline', broken)).toBe('missing');
    const other = run('api', 'success', { lint: 'success', test: 'skipped' });
    expect(stateOf('pipeline', broken, other)).toBe('missing');
    const again = run('push', 'success', { lint: 'success', test: 'success' }, true);
    expect(stateOf('pipeline', broken, again)).toBe('passed');
    expect(stateOf('pipeline', broken, run('mr', 'cancelled'), again)).toBe('missing');
  });

  it('is not passed by a run by hand that leaves steps out where all other runs were skipped [A-MR-04]', () => {
    const skipped = [run('push', 'skipped'), run('mr', 'skipped')];
    const partly = run('api', 'success', { lint: 'success', test: 'skipped' });
    expect(stateOf('pipeline', ...skipped, partly)).toBe('missing');
    expect(stateOf('pipeline', partly)).toBe('missing');
    const whole = run('api', 'success', { lint: 'success', test: 'success' });
    expect(stateOf('pipeline', ...skipped, partly, whole)).toBe('passed');
  });
});
