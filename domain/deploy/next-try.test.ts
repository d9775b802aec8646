import { describe, expect, it } from '@jest/globals';
import { nextTryS } from './next-try.ts';

describe('the next try of a foreign ops repository', () => {
  it('comes after the interval while it answers [A-DEP-04]', () => {
    expect([5, 60, 86_400].map((interval) => nextTryS(interval, 0))).toEqual([5, 60, 86_400]);
  });

  it('is held back twice as long after each failure, up to five minutes [A-DEP-04]', () => {
    const waits = (interval: number) =>
      [1, 2, 3, 4, 5, 6, 7, 1000].map((n) => nextTryS(interval, n));
    expect(waits(60)).toEqual([10, 20, 40, 80, 160, 300, 300, 300]);
    expect(waits(5)).toEqual([5, 10, 20, 40, 80, 160, 300, 300]);
  });

  it('comes within minutes also for one that is asked once a day [A-DEP-04]', () => {
    expect(nextTryS(86_400, 1)).toBe(10);
    expect(nextTryS(86_400, 50)).toBe(300);
  });
});
