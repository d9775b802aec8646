import { type Bucket, countsOf, isCustom, limitsOf, type NativeHistogram } from './histogram.ts';

interface Kept {
  count: number;
  /** value that what is kept is counted with */
  middle: number;
}

/** The middle of what is left of a bucket; an open end tells nothing. */
function middleOf(lower: number, upper: number, linear: boolean): number {
  if (lower === -Infinity) return upper === Infinity ? 0 : upper > 0 ? upper / 2 : upper;
  if (upper === Infinity) return lower;
  if (linear) return (lower + upper) / 2;
  return Math.sqrt(Math.abs(lower * upper)) * (upper <= 0 && lower < 0 ? -1 : 1);
}

const orZero = (value: number): number => (Math.abs(value) === Infinity ? 0 : value);

/** What a bucket that the limit cuts keeps below (`upper`) or above it. */
function cut(bucket: Bucket, limit: number, upper: boolean, linear: boolean): Kept {
  const { lower: low, upper: high, count } = bucket;
  if (low === -Infinity) return cutOpenBelow(bucket, limit, upper);
  // of what has no end only that much is known: it lies above
  if (high === Infinity)
    return upper || limit < low ? { count: 0, middle: orZero(low) } : { count, middle: limit };
  const log = (value: number) => (linear ? value : Math.log2(Math.abs(value)));
  const below = (log(limit) - log(low)) / (log(high) - log(low));
  return upper
    ? { count: count * below, middle: middleOf(low, limit, linear) }
    : { count: count * (1 - below), middle: middleOf(limit, high, linear) };
}

/** The first bucket of bounds of one's own begins at 0 where it reaches above it. */
function cutOpenBelow({ upper: high, count }: Bucket, limit: number, upper: boolean): Kept {
  const isFinite = high !== Infinity;
  if (upper) {
    if (limit > 0 && high > 0 && isFinite)
      return { count: (count * limit) / high, middle: limit / 2 };
    return high <= 0 ? { count, middle: limit } : { count: 0, middle: 0 };
  }
  if (limit >= 0 && isFinite)
    return { count: count * (1 - limit / high), middle: (limit + high) / 2 };
  return { count: 0, middle: orZero(high) };
}

function keptOf(bucket: Bucket, limit: number, upper: boolean, linear: boolean): Kept {
  const { lower: low, upper: high, count } = bucket;
  if (upper ? high <= limit : low >= limit) return { count, middle: middleOf(low, high, linear) };
  if (upper ? low < limit : high > limit) return cut(bucket, limit, upper, linear);
  return { count: 0, middle: 0 };
}

/** `</` (`upper`): without what lies above the limit; `>/`: without what lies below. Counts and sum are those of the rest. */
export function trim(histogram: NativeHistogram, limit: number, upper: boolean): NativeHistogram {
  const linear = isCustom(histogram);
  const kept: Kept[] = [];
  let changed = false;
  const keep = (bucket: Bucket, isLinear: boolean): number => {
    const one = keptOf(bucket, limit, upper, isLinear);
    kept.push(one);
    changed ||= one.count !== bucket.count;
    return one.count;
  };
  const positive = [...histogram.positive].map(([index, count]) => {
    const [low, high] = limitsOf(histogram, index);
    return [index, keep({ lower: low, upper: high, count }, linear)] as const;
  });
  const negative = [...histogram.negative].map(([index, count]) => {
    const [near, far] = limitsOf(histogram, index);
    return [index, keep({ lower: -far, upper: -near, count }, linear)] as const;
  });
  let { zeroCount } = histogram;
  if (zeroCount > 0) {
    const low =
      histogram.positive.size > 0 && histogram.negative.size === 0 ? 0 : -histogram.zeroThreshold;
    const high =
      histogram.negative.size > 0 && histogram.positive.size === 0 ? 0 : histogram.zeroThreshold;
    zeroCount = keep({ lower: low, upper: high, count: zeroCount }, true);
  }
  if (!changed) return histogram;
  return {
    ...histogram,
    count: kept.reduce((sum, { count }) => sum + count, 0),
    sum: kept.reduce((sum, { count, middle }) => sum + count * middle, 0),
    zeroCount,
    positive: countsOf(positive),
    negative: countsOf(negative),
  };
}
