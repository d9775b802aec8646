import { sumOf } from './sums.ts';
import type { Window } from './windows.ts';

/**
 * The straight line with the least squares through the samples: per second, and its value at `origin` (ms). Undefined of
 * a single sample.
 */
export function linearTrend(
  { times, values, low, high }: Window,
  origin: number,
): { slope: number; intercept: number } | undefined {
  const count = high - low;
  if (count < 2) return undefined;
  const y = values.subarray(low, high);
  if (y.every((value) => value === y[0])) {
    return Number.isFinite(y[0]!) ? { slope: 0, intercept: y[0]! } : { slope: NaN, intercept: NaN };
  }
  const x = times.subarray(low, high).map((time) => (time - origin) / 1000);
  const sumX = sumOf(x);
  const sumY = sumOf(y);
  const covariance = sumOf(x.map((value, at) => value * y[at]!)) - (sumX * sumY) / count;
  const variance = sumOf(x.map((value) => value * value)) - (sumX * sumX) / count;
  const slope = covariance / variance;
  return { slope, intercept: sumY / count - (slope * sumX) / count };
}

/** Holt's double exponential smoothing: level and trend, each with its factor. Undefined of a single sample. */
export function smoothedTwice(
  { values, low, high }: Window,
  levelFactor: number,
  trendFactor: number,
): number | undefined {
  if (high - low < 2) return undefined;
  let level = values[low]!;
  let trend = values[low + 1]! - level;
  for (let at = low + 1; at < high; at++) {
    const next = levelFactor * values[at]! + (1 - levelFactor) * (level + trend);
    // the trend that the next sample is smoothed with
    trend = trendFactor * (next - level) + (1 - trendFactor) * trend;
    level = next;
  }
  return level;
}
