import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Pacer } from './pacer.ts';

describe('Pacer', () => {
  it('never starts more than ten requests of one deployment within any second [A-DEP-03]', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 120 }), { minLength: 20, maxLength: 60 }), (gaps) => {
        const pacer = new Pacer(10);
        const starts: number[] = [];
        let now = 0;
        for (const gap of gaps) {
          now += gap;
          starts.push(now + pacer.reserve('dep_1', now));
        }
        starts.forEach((start, at) => {
          const within = starts.filter((other) => other >= start && other < start + 1000);
          expect(within.length).toBeLessThanOrEqual(10);
          if (at > 0) expect(start).toBeGreaterThanOrEqual(starts[at - 1] ?? 0);
        });
      }),
    );
  });

  it('does not let one deployment wait for another [A-DEP-03]', () => {
    const pacer = new Pacer(2);
    expect([1, 2, 3].map(() => pacer.reserve('a', 0))).toEqual([0, 0, 1000]);
    expect(pacer.reserve('b', 0)).toBe(0);
  });
});
