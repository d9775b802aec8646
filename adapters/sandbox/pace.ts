/** How often something may be done: so many at once, and then so many a second. */
export interface Pace {
  /** Does one when it may be done now. */
  take(): boolean;
  /** How long until the next one, ms; 0: now. */
  waitMs(): number;
}

/** @param now a clock in ms; a test brings another one */
export function createPace(
  { atOnce, perSecond }: { atOnce: number; perSecond: number },
  now: () => number = () => performance.now(),
): Pace {
  let left = atOnce;
  let lookedAt = now();
  const look = (): void => {
    const at = now();
    left = Math.min(atOnce, left + ((at - lookedAt) / 1000) * perSecond);
    lookedAt = at;
  };
  return {
    take: () => {
      look();
      if (left < 1) return false;
      left -= 1;
      return true;
    },
    waitMs: () => {
      look();
      return left >= 1 ? 0 : Math.ceil(((1 - left) / perSecond) * 1000);
    },
  };
}
