import { describe, expect, it } from '@jest/globals';
import { createLimiter as create, type Limiter, type LimiterOptions } from './limiter.ts';

/** What still waits when a test ends is refused later, where nobody hears of it. */
function createLimiter(options: LimiterOptions): Limiter {
  const limiter = create(options);
  return {
    enter: (...args) => {
      const turn = limiter.enter(...args);
      turn.catch(() => undefined);
      return turn;
    },
  };
}

const settled = async (promise: Promise<unknown>): Promise<string> =>
  Promise.race([
    promise.then(
      () => 'in',
      () => 'refused',
    ),
    new Promise<string>((resolve) => setTimeout(resolve, 20, 'waits')),
  ]);

describe('a few at once', () => {
  const options = { running: 4, waiting: 4, maxWaitMs: 5000 };

  it('are no more than a share of one caller, however many wait: others pass them', async () => {
    const limiter = createLimiter({ ...options, shares: { caller: 2 } });
    const first = await limiter.enter(undefined, { caller: 'ann' });
    await limiter.enter(undefined, { caller: 'ann' });
    const third = limiter.enter(undefined, { caller: 'ann' });
    expect(await settled(third)).toBe('waits');
    expect(await settled(limiter.enter(undefined, { caller: 'bob' }))).toBe('in');
    expect(await settled(limiter.enter())).toBe('in');
    const next = limiter.enter(undefined, { caller: 'cyd' });
    first();
    first();
    // Ann waited longer, and has room in her share again.
    expect([await settled(third), await settled(next)]).toEqual(['in', 'waits']);
  });

  it('begin with whoever has the fewest, where that is asked for, however many of another wait longer', async () => {
    const limiter = createLimiter({
      ...options,
      waiting: 200,
      shares: { caller: 3 },
      next: 'fewest',
    });
    const running: string[] = [];
    const enter = (whose: string): Promise<() => void> => {
      const turn = limiter.enter(undefined, { caller: whose });
      turn.then(
        () => running.push(whose),
        () => undefined,
      );
      return turn;
    };
    const anns = Array.from({ length: 50 }, () => enter('ann'));
    for (let n = 0; n < 50; n += 1) void enter('bob');
    await settled(Promise.all(anns));
    expect(running).toEqual(['ann', 'ann', 'ann', 'bob']);
    const cyds = [enter('cyd'), enter('cyd')];
    (await anns[0])?.();
    (await anns[1])?.();
    await settled(Promise.all(cyds));
    // One each: of ann's 47 and bob's 49 that wait longer none came before.
    expect(running.slice(4)).toEqual(['cyd', 'ann']);
  });

  it('leave half of the waiting places to others', async () => {
    const limiter = createLimiter({ ...options, running: 1, shares: { caller: 1 } });
    const free = await limiter.enter(undefined, { caller: 'ann' });
    const waiting = [
      limiter.enter(undefined, { caller: 'ann' }),
      limiter.enter(undefined, { caller: 'ann' }),
    ];
    await expect(limiter.enter(undefined, { caller: 'ann' })).rejects.toMatchObject({
      code: 'rate_limited',
    });
    const bobs = limiter.enter(undefined, { caller: 'bob' });
    expect(await settled(bobs)).toBe('waits');
    for (const one of [Promise.resolve(free), ...waiting]) (await one)();
    expect(await settled(bobs)).toBe('in');
  });
});
