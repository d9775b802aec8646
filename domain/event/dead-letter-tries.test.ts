import { describe, expect, it } from '@jest/globals';
import { firstTryOf, nextTryOf } from './dead-letter-tries.ts';

const start = new Date('2030-01-01T00:00:00Z');

/** Minutes between the tries of a letter whose every try fails. */
function waits(): number[] {
  const found: number[] = [];
  let now = start;
  for (let next = nextTryOf(start, now); next !== null; next = nextTryOf(start, now)) {
    found.push((next.getTime() - now.getTime()) / 60_000);
    now = next;
  }
  return found;
}

describe('the tries of a dead letter', () => {
  it('come after 1, 2, 4 … minutes, then every hour, and end within a day [A-EVT-03]', () => {
    const all = waits();
    expect(all.slice(0, 8)).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    expect(new Set(all.slice(6))).toEqual(new Set([60]));
    const hours = all.reduce((sum, minutes) => sum + minutes, 0) / 60;
    expect(hours).toBeGreaterThan(22);
    expect(hours).toBeLessThanOrEqual(24);
    expect(all).toHaveLength(28);
  });

  it('is one more when a person asks for it after that day, or the clock was put back', () => {
    const later = new Date(start.getTime() + 48 * 3_600_000);
    expect(nextTryOf(start, later)).toBeNull();
    expect(nextTryOf(later, start)).toEqual(new Date(start.getTime() + 60_000));
  });

  it('come by themselves for commands only', () => {
    expect(firstTryOf('core', 'git.pushed', start)).toEqual(new Date(start.getTime() + 60_000));
    expect(firstTryOf('core', 'user.created', start)).toBeNull();
    expect(firstTryOf('notify', 'git.pushed', start)).toBeNull();
  });
});
