import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { createOpenings, type Opening } from './egress-openings.ts';
import { createPace } from './pace.ts';

const one = (last: number, ports: number[] = []): Opening => ({
  address: `203.0.113.${String(last)}`,
  ports,
});

describe('what the names of a step lead to', () => {
  it('is opened once, however many ask for it at the same time [A-PIPE-04]', async () => {
    const runs: (readonly Opening[])[] = [];
    const openings = createOpenings(async (all) => {
      runs.push(all);
      await pause(10);
    });
    const wanted = [openings.want([one(1)]), openings.want([one(1), one(2, [443])])];
    await Promise.all(wanted);
    await openings.want([one(1), one(2, [443])]);
    expect(runs.flat()).toEqual([one(1), one(2, [443])]);
  });

  it('is not opened for the step after, and is opened anew for it [A-PIPE-04]', async () => {
    const opened: string[] = [];
    let letGo = (): void => undefined;
    const openings = createOpenings(async (all) => {
      await new Promise<void>((resolve) => (letGo = resolve));
      opened.push(...all.map(({ address }) => address));
    });
    const underWay = openings.want([one(1)]);
    await pause(1);
    const waiting = openings.want([one(2)]);
    waiting.catch(() => undefined);
    let isForgotten = false;
    const forgotten = openings.forget().then(() => (isForgotten = true));
    await expect(waiting).rejects.toThrow('has ended');
    // The wall is not reset while a run may still open something in it.
    expect(isForgotten).toBe(false);
    letGo();
    await Promise.all([underWay, forgotten]);
    expect(opened).toEqual(['203.0.113.1']);
    const again = openings.want([one(1)]);
    await pause(1);
    letGo();
    await again;
    expect(opened).toEqual(['203.0.113.1', '203.0.113.1']);
  });

  it('is tried again when nft has failed [A-PIPE-04]', async () => {
    let tries = 0;
    const openings = createOpenings(() =>
      (tries += 1) === 1 ? Promise.reject(new Error('nft: busy')) : Promise.resolve(),
    );
    await expect(openings.want([one(1)])).rejects.toThrow('nft: busy');
    await openings.want([one(1)]);
    expect(tries).toBe(2);
  });
});

describe('a pace', () => {
  it('lets some through at once, and then so many a second', () => {
    let ms = 0;
    const pace = createPace({ atOnce: 3, perSecond: 2 }, () => ms);
    const taken = (): number => [1, 2, 3, 4, 5].filter(() => pace.take()).length;
    expect([taken(), pace.waitMs()]).toEqual([3, 500]);
    ms = 500;
    expect([pace.waitMs(), taken()]).toEqual([0, 1]);
    ms = 60_000;
    expect(taken()).toBe(3);
  });
});
