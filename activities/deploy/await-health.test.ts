import { describe, expect, it } from '@jest/globals';
import type { HealthStatus } from '../../contracts/deploy/target.ts';
import { BakeWatch } from './await-health.ts';

const is = (status: HealthStatus) => ({ status, message: '' });

describe('a revision while it bakes', () => {
  it('is lost at once when an object breaks or is gone [A-DEP-07]', () => {
    const watch = new BakeWatch(30_000);
    expect(watch.isLost('web', is('healthy'), 0)).toBe(false);
    expect(watch.isLost('web', is('degraded'), 1)).toBe(true);
    expect(watch.isLost('api', is('missing'), 1)).toBe(true);
  });

  it('is lost when an object is not ready for long, not when it comes back [A-DEP-07]', () => {
    const watch = new BakeWatch(60_000);
    expect(watch.isLost('web', is('progressing'), 1_000)).toBe(false);
    expect(watch.isLost('web', is('healthy'), 10_000)).toBe(false);
    expect(watch.isLost('web', is('unknown'), 20_000)).toBe(false);
    expect(watch.isLost('web', is('progressing'), 34_999)).toBe(false);
    expect(watch.isLost('web', is('progressing'), 35_000)).toBe(true);
  });

  it('is not good when its time is up while an object is not ready: it is watched until that is clear [A-DEP-07]', () => {
    const watch = new BakeWatch(10_000);
    watch.isLost('web', is('progressing'), 9_000);
    expect(watch.restMs(10_000)).toBe(14_000);
    watch.isLost('web', is('healthy'), 12_000);
    expect(watch.restMs(12_000)).toBe(0);
  });
});
