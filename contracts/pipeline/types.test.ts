import { describe, expect, it } from '@jest/globals';
import { pipelineStatuses, pipelineTransitions, stepStatuses, stepTransitions } from './types.ts';
import { statusesBefore } from '../shared/statuses-before.ts';

describe('the transitions of runs and steps', () => {
  it('name every status of a run and lead to known ones only [A-CORE-09]', () => {
    expect(Object.keys(pipelineTransitions).sort()).toEqual([...pipelineStatuses].sort());
    expect(pipelineStatuses).toEqual(
      expect.arrayContaining(Object.values(pipelineTransitions).flat()),
    );
  });

  it('name every status of a step and lead to known ones only [A-CORE-09]', () => {
    expect(Object.keys(stepTransitions).sort()).toEqual([...stepStatuses].sort());
    expect(stepStatuses).toEqual(expect.arrayContaining(Object.values(stepTransitions).flat()));
  });

  it('let a run end in success only when it ran, and be cancelled while it is queued [A-CORE-09] [A-PIPE-03]', () => {
    expect(statusesBefore(pipelineTransitions, 'success')).toEqual(['running']);
    expect(statusesBefore(pipelineTransitions, 'cancelled')).toEqual(['pending', 'running']);
    expect(statusesBefore(pipelineTransitions, 'pending')).toEqual([]);
  });

  it('leave no way out of an end, but a failed step may be tried again [A-CORE-09] [A-PIPE-03]', () => {
    const ends = Object.entries({ ...stepTransitions }).filter(([, next]) => next.length === 0);
    expect(ends.map(([status]) => status)).toEqual(['success', 'skipped', 'cancelled']);
    for (const end of ['success', 'failure', 'cancelled'] as const) {
      expect(pipelineTransitions[end]).toEqual([]);
    }
    expect(stepTransitions.failure).toEqual(['pending']);
  });
});
