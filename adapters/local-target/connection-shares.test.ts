import { describe, expect, it } from '@jest/globals';
import { createConnectionShares } from './connection-shares.ts';

/** Takes as many as there are. */
function takeAll(take: () => (() => void) | null): (() => void)[] {
  const taken: (() => void)[] = [];
  for (let back = take(); back !== null; back = take()) taken.push(back);
  return taken;
}

describe('the connections of Services', () => {
  it('are never all of one deployment, however many it wants, and what ends is free again [A-DEP-02]', () => {
    const shares = createConnectionShares(100);
    const counts = ['a', 'b', 'c'].map((id) => takeAll(() => shares.take(id)));
    expect(counts.map(({ length }) => length)).toEqual([50, 25, 13]);
    expect(shares.take('a')).toBeNull();
    const [first] = counts[0] ?? [];
    first?.();
    first?.();
    expect(takeAll(() => shares.take('a'))).toHaveLength(0);
    for (const back of counts[1] ?? []) back();
    expect(takeAll(() => shares.take('d')).length).toBeGreaterThan(15);
  });

  it('are a part of the descriptors of this process', () => {
    const shares = createConnectionShares();
    const { length } = takeAll(() => shares.take('a'));
    expect(length).toBeGreaterThan(100);
    expect(length).toBeLessThanOrEqual(5000);
  });
});
