/** What is known of a counter between a histogram and the one before it. */
export type ResetHint = 'unknown' | 'reset' | 'not_reset' | 'gauge';

/** Schema of histograms with bounds of their own. */
export const customSchema = -53;

/** Counts by index. An empty bucket is not in it. */
export type BucketCounts = ReadonlyMap<number, number>;

/**
 * A native histogram. Bucket `i` of schema `s` holds what lies above 2^((i-1)·2^-s) and not above 2^(i·2^-s); with bounds
 * of its own what lies above bound i-1 and not above bound i, the last up to infinity.
 */
export interface NativeHistogram {
  schema: number;
  count: number;
  sum: number;
  /** 0 and what is not further from it than `zeroThreshold` */
  zeroCount: number;
  zeroThreshold: number;
  positive: BucketCounts;
  negative: BucketCounts;
  /** rising upper bounds, with `customSchema` only */
  bounds: readonly number[];
  hint: ResetHint;
}

export interface Bucket {
  lower: number;
  upper: number;
  count: number;
}

export const isCustom = ({ schema }: NativeHistogram): boolean => schema === customSchema;

/** Both ends of a positive bucket. */
export function limitsOf(
  { schema, bounds }: Pick<NativeHistogram, 'schema' | 'bounds'>,
  index: number,
): [number, number] {
  if (schema === customSchema) return [bounds[index - 1] ?? -Infinity, bounds[index] ?? Infinity];
  const step = 2 ** -schema;
  return [2 ** ((index - 1) * step), 2 ** (index * step)];
}

const byIndex = (counts: BucketCounts): [number, number][] => [...counts].sort(([a], [b]) => a - b);

/** All buckets that hold something, by rising value. */
export function bucketsOf(histogram: NativeHistogram): Bucket[] {
  const positive = byIndex(histogram.positive).map(([index, count]) => {
    const [lower, upper] = limitsOf(histogram, index);
    return { lower, upper, count };
  });
  const negative = byIndex(histogram.negative).map(([index, count]) => {
    const [near, far] = limitsOf(histogram, index);
    return { lower: -far, upper: -near, count };
  });
  const { zeroCount: count, zeroThreshold } = histogram;
  const zero = count === 0 ? [] : [{ lower: -zeroThreshold, upper: zeroThreshold, count }];
  return [...negative.reverse(), ...zero, ...positive];
}

/** Counts without empty buckets. */
export function countsOf(entries: Iterable<readonly [number, number]>): BucketCounts {
  const counts = new Map<number, number>();
  for (const [index, count] of entries) counts.set(index, (counts.get(index) ?? 0) + count);
  for (const [index, count] of counts) if (count === 0) counts.delete(index);
  return counts;
}

const scaled = (counts: BucketCounts, change: (count: number) => number): BucketCounts =>
  countsOf([...counts].map(([index, count]) => [index, change(count)]));

/** Every count and the sum changed alike. */
export function scale(
  histogram: NativeHistogram,
  change: (value: number) => number,
  negated = false,
): NativeHistogram {
  return {
    ...histogram,
    count: change(histogram.count),
    sum: change(histogram.sum),
    zeroCount: change(histogram.zeroCount),
    positive: scaled(histogram.positive, change),
    negative: scaled(histogram.negative, change),
    hint: negated ? 'gauge' : histogram.hint,
  };
}

export const multiply = (histogram: NativeHistogram, factor: number): NativeHistogram =>
  scale(histogram, (value) => value * factor, factor < 0);

/** What division by 0 leaves has no buckets. */
export function divide(histogram: NativeHistogram, divisor: number): NativeHistogram {
  const divided = scale(histogram, (value) => value / divisor, divisor < 0);
  return divisor === 0 ? { ...divided, positive: new Map(), negative: new Map() } : divided;
}

const sameCounts = (a: BucketCounts, b: BucketCounts): boolean =>
  a.size === b.size && [...a].every(([index, count]) => b.get(index) === count);

const sameFloat = (a: number, b: number): boolean =>
  a === b || (Number.isNaN(a) && Number.isNaN(b));

export function isSameHistogram(a: NativeHistogram, b: NativeHistogram): boolean {
  return (
    a.schema === b.schema &&
    a.count === b.count &&
    sameFloat(a.sum, b.sum) &&
    a.zeroCount === b.zeroCount &&
    a.zeroThreshold === b.zeroThreshold &&
    sameCounts(a.positive, b.positive) &&
    sameCounts(a.negative, b.negative) &&
    a.bounds.length === b.bounds.length &&
    a.bounds.every((bound, at) => bound === b.bounds[at])
  );
}
