import type { Window } from './windows.ts';

/** By how much more than the mean distance of samples one may be from an end of the range and still stand for all of it. */
const nearness = 1.1;

/** Growth from the first sample to the last; a counter that fell began anew at 0. */
function growth({ values, low, high }: Window, counter: boolean): number {
  let sum = values[high - 1]! - values[low]!;
  if (!counter) return sum;
  for (let at = low + 1; at < high; at++) {
    if (values[at]! < values[at - 1]!) sum += values[at - 1]!;
  }
  return sum;
}

interface Drawn {
  /** times of the first and the last sample, ms */
  first: number;
  last: number;
  /** between samples */
  gaps: number;
  firstValue: number;
  change: number;
  counter: boolean;
}

/**
 * By how much more a series changed in the range than between its samples: it is drawn out to an end of the range where a
 * sample is near enough to that, else by half the mean distance of samples, and a counter not to before it was 0.
 */
export function drawnOut({ start, end }: Pick<Window, 'start' | 'end'>, drawn: Drawn): number {
  const { first, last, gaps, firstValue, change, counter } = drawn;
  const sampled = (last - first) / 1000;
  const gap = sampled / gaps;
  let before = (first - start) / 1000;
  let after = (end - last) / 1000;
  if (before >= gap * nearness) before = gap / 2;
  if (counter && change > 0 && firstValue >= 0)
    before = Math.min(before, sampled * (firstValue / change));
  if (after >= gap * nearness) after = gap / 2;
  return (sampled + before + after) / sampled;
}

/** How much a series changed in the range, or changed in a second. Undefined of a single sample. */
export function deltaOf(
  window: Window,
  { counter, perSecond }: { counter: boolean; perSecond: boolean },
): number | undefined {
  const { times, values, low, high, start, end } = window;
  if (high - low < 2) return undefined;
  const change = growth(window, counter);
  const factor = drawnOut(window, {
    first: times[low]!,
    last: times[high - 1]!,
    gaps: high - low - 1,
    firstValue: values[low]!,
    change,
    counter,
  });
  return change * (perSecond ? factor / ((end - start) / 1000) : factor);
}

/** Difference of the last two samples, or what a counter grew in a second between them. Undefined of a single sample. */
export function instantDelta(
  { times, values, low, high }: Window,
  counter: boolean,
): number | undefined {
  if (high - low < 2) return undefined;
  const last = values[high - 1]!;
  const before = values[high - 2]!;
  const interval = (times[high - 1]! - times[high - 2]!) / 1000;
  if (interval === 0) return undefined;
  if (!counter) return last - before;
  return (last < before ? last : last - before) / interval;
}
