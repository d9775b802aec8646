import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { busyMs, followParts, type Part, quietMs } from './follow-parts.ts';

describe('something that grows, read part by part', () => {
  let written: string[];
  let status: string;
  let asked: number;
  let hidden: boolean;
  let failure: Error | null;
  let read: string[];
  let told: string[];
  let followed: ReturnType<typeof followParts<string>>;

  const follow = (): void => {
    followed = followParts<string>({
      ask: (offset): Promise<Part<string>> => {
        asked += 1;
        if (failure !== null) return Promise.reject(failure);
        const pieces = written.slice(offset, offset + 3);
        const next = offset + pieces.length;
        return Promise.resolve({
          pieces,
          next,
          status,
          isEnd: status === 'success' && next === written.length,
        });
      },
      onPieces: (pieces) => read.push(...pieces),
      onConnected: (connected) => {
        if (told.at(-1) !== String(connected)) told.push(String(connected));
      },
      onEnd: () => told.push('end'),
      isRefusal: (error) => (error as Error).message === 'no',
      onRefused: () => told.push('refused'),
      isLookedAt: () => !hidden,
    });
  };
  const after = (ms: number): Promise<void> =>
    jest.advanceTimersByTimeAsync(ms).then(() => undefined);

  beforeEach(() => {
    jest.useFakeTimers();
    written = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    status = 'running';
    asked = 0;
    hidden = false;
    failure = null;
    read = [];
    told = [];
  });
  afterEach(() => {
    followed.stop();
    jest.useRealTimers();
  });

  it('comes without a pause while there is more, then as it is written, until its end', async () => {
    follow();
    await after(0);
    expect(read).toEqual(written);
    written.push('h');
    await after(busyMs * 2);
    expect(read.at(-1)).toBe('h');
    status = 'success';
    await after(quietMs);
    expect(told).toEqual(['true', 'end']);
    const before = asked;
    await after(60_000);
    expect(asked).toBe(before);
  });

  it('is asked for less often while nothing comes, and at once when woken', async () => {
    follow();
    await after(60_000);
    expect(asked).toBeLessThan(40);
    written.push('h');
    followed.wake();
    await after(0);
    expect(read.at(-1)).toBe('h');
  });

  it('is not asked for while nobody looks', async () => {
    hidden = true;
    follow();
    await after(60_000);
    expect(asked).toBeLessThanOrEqual(4);
    written.push('h');
    hidden = false;
    followed.wake();
    await after(0);
    expect(read).toEqual(written);
  });

  it('says that the connection is lost and goes on where it was', async () => {
    follow();
    await after(0);
    failure = new Error('network');
    await after(10_000);
    failure = null;
    written.push('h');
    await after(20_000);
    expect(read).toEqual(written);
    expect(told).toEqual(['true', 'false', 'true']);
  });

  it('ends when it is refused, and when the rest of it is gone', async () => {
    failure = new Error('no');
    follow();
    await after(60_000);
    expect([asked, told]).toEqual([1, ['refused']]);
    failure = null;
    told = [];
    status = 'failure';
    follow();
    await after(60_000);
    expect(told).toEqual(['true', 'end']);
    expect(read).toEqual(written);
  });
});
