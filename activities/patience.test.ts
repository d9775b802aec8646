import { describe, expect, it } from '@jest/globals';
import { DomainError } from '../contracts/problems.ts';
import { isWaitedFor, usualPatience, waitAfter } from './patience.ts';

const waits = (tries: number) =>
  Array.from({ length: tries }, (_, n) => waitAfter(n + 1, usualPatience) / 1000);

describe('what is waited for', () => {
  it('is tried again ever later: ten times in four minutes, and without an end every ten minutes [A-CORE-10]', () => {
    expect(waits(9)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    expect(waits(14).slice(9)).toEqual([120, 240, 480, 600, 600]);
    expect(waitAfter(100_000, usualPatience)).toBe(600_000);
  });

  it.each(['disk_full', 'sealed', 'rate_limited', 'timed_out'] as const)(
    'is what is %s [A-CORE-10]',
    (code) => {
      expect(isWaitedFor(new DomainError(code, 'Later.'))).toBe(true);
    },
  );

  it('is neither what is refused nor what is away [A-CORE-10]', () => {
    for (const code of ['forbidden', 'unavailable'] as const) {
      expect(isWaitedFor(new DomainError(code, 'No.'))).toBe(false);
    }
    expect(isWaitedFor(new Error('disk_full'))).toBe(false);
  });
});
