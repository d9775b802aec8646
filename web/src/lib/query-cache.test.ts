import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { QueryCache } from './query-cache.ts';

describe('what a page shows', () => {
  let cache: QueryCache;
  let asked: string[];
  let answers: (() => void)[];

  /** A part of a page that shows `key`; each request waits for `answer()`. */
  function show(key: string, cost = 1): { stop: () => void; changes: () => number } {
    let changes = 0;
    const fetcher = async (signal: AbortSignal): Promise<string> => {
      asked.push(key);
      const turn = asked.length;
      await new Promise<void>((resolve, reject) => {
        answers.push(resolve);
        signal.addEventListener('abort', () => {
          reject(new Error('aborted'));
        });
      });
      return `${key} ${String(turn)}`;
    };
    const watcher = { fetcher, onChange: () => (changes += 1), cost: () => cost };
    return { stop: cache.watch(key, watcher), changes: () => changes };
  }

  const answer = async (): Promise<void> => {
    for (const each of answers.splice(0)) each();
    await jest.advanceTimersByTimeAsync(0);
  };

  beforeEach(() => {
    jest.useFakeTimers();
    cache = new QueryCache();
    asked = [];
    answers = [];
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('is asked for once however many parts of the page show it', async () => {
    const parts = [show('gates'), show('gates')];
    await answer();
    expect(asked).toEqual(['gates']);
    expect(parts.map((part) => part.changes())).toEqual([1, 1]);
    expect(cache.known('gates')?.data).toBe('gates 1');
  });

  it('is told at once to a part that begins to show it: it may have come since that part was drawn', async () => {
    show('labels');
    await answer();
    const late = show('labels');
    expect(late.changes()).toBe(1);
    expect(asked).toEqual(['labels']);
  });

  it('is refreshed at most once a second, and not at all by what does not concern it', async () => {
    show('runs');
    show('issue');
    await answer();
    for (let ms = 0; ms < 10_000; ms += 100) {
      cache.refresh((key) => key === 'runs');
      await jest.advanceTimersByTimeAsync(100);
      await answer();
    }
    expect(asked.filter((key) => key === 'issue')).toHaveLength(1);
    expect(asked.filter((key) => key === 'runs').length).toBeLessThanOrEqual(11);
    expect(asked.filter((key) => key === 'runs').length).toBeGreaterThanOrEqual(10);
  });

  it('is asked for once more when something happened while the answer was on its way', async () => {
    show('run');
    cache.reload('run');
    cache.reload('run');
    expect(asked).toHaveLength(1);
    await answer();
    expect(asked).toHaveLength(2);
    await answer();
    expect(asked).toHaveLength(2);
    expect(cache.known('run')?.data).toBe('run 2');
  });

  it('waits while nobody looks, and comes once when somebody does', async () => {
    show('run');
    await answer();
    cache.pause();
    for (let count = 0; count < 5; count += 1) {
      cache.refresh(() => true);
      await jest.advanceTimersByTimeAsync(2_000);
    }
    expect(asked).toHaveLength(1);
    cache.resume();
    await jest.advanceTimersByTimeAsync(2_000);
    expect(asked).toHaveLength(2);
  });

  it('is given up when the last part that shows it goes, and long lists come less often', async () => {
    const long = show('long', 5);
    await answer();
    for (let ms = 0; ms < 5_000; ms += 500) {
      cache.refresh(() => true);
      await jest.advanceTimersByTimeAsync(500);
      await answer();
    }
    expect(asked.length).toBeLessThanOrEqual(2);
    long.stop();
    cache.refresh(() => true);
    cache.invalidate('');
    await jest.advanceTimersByTimeAsync(10_000);
    expect(asked.length).toBeLessThanOrEqual(2);
    expect(cache.known('long')?.data).toMatch(/^long /);
  });

  it('is forgotten when another person signs in', async () => {
    show('runs');
    await answer();
    cache.clear();
    expect(cache.known('runs')?.data).toBeUndefined();
    await answer();
    expect(cache.known('runs')?.data).toBe('runs 2');
  });
});
