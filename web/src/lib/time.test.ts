import { describe, expect, it } from '@jest/globals';
import { formatBytes, formatDuration, relativeTime } from './time.ts';

describe('times and sizes as people read them', () => {
  const now = Date.UTC(2026, 5, 15, 12, 0, 0);

  it('says how long ago in the largest whole unit, and a date after a month [A-UI-04]', () => {
    expect(relativeTime(now - 3_000, now)).toBe('just now');
    expect(relativeTime(now - 42_000, now)).toBe('42s ago');
    expect(relativeTime(now - 59 * 60_000, now)).toBe('59m ago');
    expect(relativeTime(now + 2 * 3_600_000, now)).toBe('in 2h');
    expect(relativeTime(now - 29 * 86_400_000, now)).toBe('29d ago');
    expect(relativeTime(Date.UTC(2026, 1, 3, 12), now)).toBe('3 Feb');
    expect(relativeTime(Date.UTC(2024, 1, 3, 12), now)).toBe('3 Feb 2024');
  });

  it('gives durations two units at most and never rounds up into the next one [A-UI-04]', () => {
    expect(formatDuration(240)).toBe('240ms');
    expect(formatDuration(9_990)).toBe('9.9s');
    expect(formatDuration(59_999)).toBe('59s');
    expect(formatDuration(65_000)).toBe('1m 05s');
    expect(formatDuration(3_600_000 * 2 + 180_000)).toBe('2h 03m');
    expect(formatDuration(-5)).toBe('0s');
  });

  it('gives sizes in decimal units [A-UI-04]', () => {
    expect(formatBytes(812)).toBe('812 B');
    expect(formatBytes(4_096)).toBe('4.1 kB');
    expect(formatBytes(999_960)).toBe('1 MB');
    expect(formatBytes(20_400_000)).toBe('20 MB');
  });
});
