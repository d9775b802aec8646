import { type Bucket, bucketsOf, isCustom, type NativeHistogram } from './histogram.ts';
import { sumOf } from './sums.ts';

/** Where in a bucket, from 0 to 1, a value within it lies: evenly, or by its logarithm. */
function placeWithin({ lower, upper }: Bucket, value: number, linear: boolean): number {
  if (linear) return (value - lower) / (upper - lower);
  const [low, high, at] = [lower, upper, value].map((one) => Math.log2(Math.abs(one))) as [
    number,
    number,
    number,
  ];
  return value > 0 ? (at - low) / (high - low) : 1 - (at - high) / (low - high);
}

/** A zero bucket is one-sided where all else is. */
function zeroLimits(histogram: NativeHistogram, bucket: Bucket): Bucket {
  const { positive, negative } = histogram;
  if (negative.size === 0 && positive.size > 0) return { ...bucket, lower: 0 };
  if (positive.size === 0 && negative.size > 0) return { ...bucket, upper: 0 };
  return bucket;
}

const spansZero = ({ lower, upper }: Bucket): boolean => lower <= 0 && upper >= 0;

/** A note on a quantile or a fraction: observations that are NaN are in no bucket. */
export type NanNote = 'is NaN' | 'skewed' | null;

/** The φ-quantile, 0 ≤ φ ≤ 1, interpolated within its bucket; `nan`: what observations of NaN did to it. */
export function quantileOfHistogram(
  phi: number,
  histogram: NativeHistogram,
): { value: number; nan: NanNote } {
  if (phi < 0) return { value: -Infinity, nan: null };
  if (phi > 1) return { value: Infinity, nan: null };
  if (histogram.count === 0 || Number.isNaN(phi)) return { value: NaN, nan: null };
  const hasNan = Number.isNaN(histogram.sum);
  // from the nearer end: what counts lost by rounding then matters less
  const fromBelow = hasNan || phi < 0.5;
  const buckets = bucketsOf(histogram);
  if (!fromBelow) buckets.reverse();
  const rank = (fromBelow ? phi : 1 - phi) * histogram.count;
  let passed = 0;
  let bucket: Bucket = { lower: 0, upper: 0, count: 0 };
  for (bucket of buckets) {
    passed += bucket.count;
    if (passed >= rank) break;
  }
  const total = sumOf(buckets.map(({ count }) => count));
  const found = Math.min(passed, histogram.count);
  const within = fromBelow ? rank - (found - bucket.count) : found - rank;
  const value = valueWithin(histogram, bucket, within, found < rank);
  if (hasNan && found < rank && value.open) return { value: NaN, nan: 'is NaN' };
  return { value: value.value, nan: hasNan && total < histogram.count ? 'skewed' : null };
}

function valueWithin(
  histogram: NativeHistogram,
  found: Bucket,
  within: number,
  beyond: boolean,
): { value: number; open: boolean } {
  let bucket = found;
  if (isCustom(histogram)) {
    if (bucket.lower === -Infinity) {
      if (bucket.upper <= 0) return { value: bucket.upper, open: false };
      bucket = { ...bucket, lower: 0 };
    } else if (bucket.upper === Infinity) return { value: bucket.lower, open: false };
  } else if (bucket.lower < 0 && bucket.upper > 0) bucket = zeroLimits(histogram, bucket);
  if (beyond) return { value: bucket.upper, open: true };
  const fraction = within / bucket.count;
  const { lower, upper } = bucket;
  if (isCustom(histogram) || spansZero(bucket))
    return { value: lower + (upper - lower) * fraction, open: false };
  const [low, high] = [Math.log2(Math.abs(lower)), Math.log2(Math.abs(upper))];
  const value =
    lower > 0
      ? 2 ** (low + (high - low) * fraction)
      : -(2 ** (high + (low - high) * (1 - fraction)));
  return { value, open: false };
}

/** How many of all observations lie above `lower` and not above `upper`. */
export function fractionOfHistogram(
  lower: number,
  upper: number,
  histogram: NativeHistogram,
): { value: number; nan: NanNote } {
  if (histogram.count === 0 || Number.isNaN(lower) || Number.isNaN(upper))
    return { value: NaN, nan: null };
  if (lower >= upper) return { value: 0, nan: null };
  const hasNan = Number.isNaN(histogram.sum);
  const buckets = bucketsOf(histogram);
  const total = sumOf(buckets.map(({ count }) => count));
  const all = hasNan ? total : histogram.count;
  const below = (value: number): number => {
    let passed = 0;
    for (const bucket of buckets) {
      const limits = limitsFor(histogram, bucket);
      if (limits.lower >= value) return Math.min(passed, all);
      if (limits.upper > value)
        return Math.min(passed + bucket.count * partBelow(histogram, limits, value), all);
      passed += bucket.count;
    }
    return all;
  };
  const value = (below(upper) - below(lower)) / histogram.count;
  return { value, nan: hasNan && total < histogram.count ? 'skewed' : null };
}

function limitsFor(histogram: NativeHistogram, bucket: Bucket): Bucket {
  if (isCustom(histogram)) {
    return bucket.lower === -Infinity && bucket.upper > 0 ? { ...bucket, lower: 0 } : bucket;
  }
  return spansZero(bucket) ? zeroLimits(histogram, bucket) : bucket;
}

function partBelow(histogram: NativeHistogram, limits: Bucket, value: number): number {
  if (limits.lower === -Infinity) return 1;
  if (limits.upper === Infinity) return 0;
  return placeWithin(limits, value, isCustom(histogram) || spansZero(limits));
}

/** Population variance, with each observation in the middle of its bucket. */
export function varianceOfHistogram(histogram: NativeHistogram): number {
  const mean = histogram.sum / histogram.count;
  const squares = bucketsOf(histogram).map((bucket) => {
    const { lower, upper, count } = bucket;
    const geometric = Math.sqrt(lower * upper) * (upper < 0 ? -1 : 1);
    const middle = isCustom(histogram) ? (lower + upper) / 2 : spansZero(bucket) ? 0 : geometric;
    return count * (middle - mean) ** 2;
  });
  return sumOf(squares) / histogram.count;
}

/** One number that a function makes of a histogram. */
export const histogramNumbers: ReadonlyMap<string, (histogram: NativeHistogram) => number> =
  new Map<string, (histogram: NativeHistogram) => number>([
    ['histogram_avg', ({ sum, count }) => sum / count],
    ['histogram_count', ({ count }) => count],
    ['histogram_stddev', (histogram) => Math.sqrt(varianceOfHistogram(histogram))],
    ['histogram_stdvar', varianceOfHistogram],
    ['histogram_sum', ({ sum }) => sum],
  ]);
