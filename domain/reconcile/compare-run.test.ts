import { describe, expect, it } from '@jest/globals';
import { type EngineRun, mapEngineStatus } from '../../contracts/reconcile/types.ts';
import { compareRun, type StoredRun } from './compare-run.ts';

const now = new Date('2026-01-01T12:00:00Z');
const run = (status: string, more: Partial<StoredRun> = {}): StoredRun => ({
  id: 'run_1',
  status,
  createdAt: new Date(now.getTime() - 60_000),
  steps: [
    { id: 'stp_build', name: 'build', status: 'running' },
    { id: 'stp_test', name: 'test', status: 'success' },
  ],
  ...more,
});
const found = (stored: StoredRun, engine: EngineRun) =>
  compareRun(stored, engine, now).map((one) => [one.stepId, one.dbStatus, one.engineStatus]);
const running = (build: 'running' | 'success', test: 'running' | 'success'): EngineRun => ({
  state: 'running',
  steps: [
    { name: 'build', status: build },
    { name: 'test', status: test },
    { name: 'of-another-version', status: 'success' },
  ],
});

describe('the comparison of a run with its workflow', () => {
  it('finds runs that have ended or are gone, and steps that have ended [A-REC-01]', () => {
    expect(found(run('running'), { state: 'ended', status: 'success' })).toEqual([
      [null, 'running', 'success'],
    ]);
    expect(found(run('running'), { state: 'missing' })).toEqual([[null, 'running', 'missing']]);
    expect(found(run('pending'), { state: 'missing' })).toEqual([[null, 'pending', 'missing']]);
    expect(found(run('running'), running('success', 'success'))).toEqual([
      ['stp_build', 'running', 'success'],
    ]);
  });

  it('finds nothing where they agree, where the row is ahead, where a start is on its way, or nothing is known [A-REC-02]', () => {
    expect(found(run('running'), running('running', 'success'))).toEqual([]);
    expect(found(run('running'), running('running', 'running'))).toEqual([]);
    expect(found(run('pending'), { state: 'running', steps: null })).toEqual([]);
    expect(found(run('pending', { createdAt: now }), { state: 'missing' })).toEqual([]);
    expect(found(run('running'), { state: 'unknown' })).toEqual([]);
  });

  it.each([
    ['RUNNING', 'running'],
    ['COMPLETED', 'completed'],
    ['FAILED', 'failure'],
    ['TERMINATED', 'failure'],
    ['TIMED_OUT', 'failure'],
    ['CANCELLED', 'cancelled'],
    ['CONTINUED_AS_NEW', 'running'],
    ['UNSPECIFIED', null],
  ])('takes %s of the engine for %s [A-REC-03]', (name, status) => {
    expect(mapEngineStatus(name)).toBe(status);
  });
});
