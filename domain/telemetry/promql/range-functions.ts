import { deltaOf, instantDelta } from './rates.ts';
import { linearTrend, smoothedTwice } from './trends.ts';
import { compareNumbers, meanOf, quantileOf, sumOf, varianceOf } from './sums.ts';
import type { Sample } from './values.ts';
import type { Window } from './windows.ts';

/** What a function makes of a window; undefined: nothing. `time` is the point of the grid, ms. */
export type RangeFunction = (
  window: Window,
  parameters: readonly number[],
  time: number,
) => Sample | undefined;

const valuesOf = ({ values, low, high }: Window): Float64Array => values.subarray(low, high);

/** Where the greatest (`sign` 1) or least (-1) value is; NaN only where all are. `last`: of equal ones the last. */
function extreme({ values, low, high }: Window, sign: 1 | -1, last: boolean): number {
  let found = low;
  for (let at = low + 1; at < high; at++) {
    const order = sign * compareNumbers(values[at]!, values[found]!);
    const better =
      Number.isNaN(values[found]!) ||
      (!Number.isNaN(values[at]!) && (order > 0 || (last && order === 0)));
    if (better) found = at;
  }
  return found;
}

function countChanges(
  { values, low, high }: Window,
  isChange: (before: number, after: number) => boolean,
): number {
  let count = 0;
  for (let at = low + 1; at < high; at++) if (isChange(values[at - 1]!, values[at]!)) count += 1;
  return count;
}

function medianDeviation(values: Float64Array): number {
  if (values.some((value) => Number.isNaN(value))) return NaN;
  const median = quantileOf(0.5, values);
  return quantileOf(
    0.5,
    values.map((value) => Math.abs(value - median)),
  );
}

/** Area under the samples: by their left value, their right one, or between both (2, as usual). NaN counts as 0. */
function integral({ times, values, low, high }: Window, strategy: number): number {
  const parts: number[] = [];
  const orZero = (value: number) => (Number.isNaN(value) ? 0 : value);
  for (let at = low + 1; at < high; at++) {
    const before = orZero(values[at - 1]!);
    const after = orZero(values[at]!);
    const seconds = (times[at]! - times[at - 1]!) / 1000;
    if (strategy === 0) parts.push(before * seconds);
    else if (strategy === 1) parts.push(after * seconds);
    // by itself each, so that a large one does not swallow a small one
    else parts.push((before / 2) * seconds, (after / 2) * seconds);
  }
  return sumOf(parts);
}

const secondsAt = (window: Window, at: number): number => window.times[at]! / 1000;
const different = (before: number, after: number): boolean =>
  before !== after && !(Number.isNaN(before) && Number.isNaN(after));

/** The functions of one range vector, without `absent_over_time`. Parameters are their scalars, in order. */
export const rangeFunctions: ReadonlyMap<string, RangeFunction> = new Map<string, RangeFunction>([
  ['avg_over_time', (window) => meanOf(valuesOf(window))],
  ['changes', (window) => countChanges(window, different)],
  ['count_over_time', ({ low, high }) => high - low],
  ['delta', (window) => deltaOf(window, { counter: false, perSecond: false })],
  ['deriv', (window) => linearTrend(window, window.times[window.low]!)?.slope],
  [
    'double_exponential_smoothing',
    (window, [level, trend]) => smoothedTwice(window, level!, trend!),
  ],
  ['first_over_time', ({ values, low }) => values[low]],
  ['idelta', (window) => instantDelta(window, false)],
  ['increase', (window) => deltaOf(window, { counter: true, perSecond: false })],
  ['integral', (window, [strategy = 2]) => integral(window, strategy)],
  ['irate', (window) => instantDelta(window, true)],
  ['last_over_time', ({ values, high }) => values[high - 1]],
  ['mad_over_time', (window) => medianDeviation(valuesOf(window))],
  ['max_over_time', (window) => window.values[extreme(window, 1, false)]],
  ['min_over_time', (window) => window.values[extreme(window, -1, false)]],
  [
    'predict_linear',
    (window, [ahead], time) => {
      const trend = linearTrend(window, time);
      return trend && trend.slope * ahead! + trend.intercept;
    },
  ],
  ['present_over_time', () => 1],
  ['quantile_over_time', (window, [phi]) => quantileOf(phi!, valuesOf(window))],
  ['rate', (window) => deltaOf(window, { counter: true, perSecond: true })],
  ['resets', (window) => countChanges(window, (before, after) => after < before)],
  ['stddev_over_time', (window) => Math.sqrt(varianceOf(valuesOf(window)))],
  ['stdvar_over_time', (window) => varianceOf(valuesOf(window))],
  ['sum_over_time', (window) => sumOf(valuesOf(window))],
  ['ts_of_first_over_time', (window) => secondsAt(window, window.low)],
  ['ts_of_last_over_time', (window) => secondsAt(window, window.high - 1)],
  ['ts_of_max_over_time', (window) => secondsAt(window, extreme(window, 1, true))],
  ['ts_of_min_over_time', (window) => secondsAt(window, extreme(window, -1, true))],
]);
