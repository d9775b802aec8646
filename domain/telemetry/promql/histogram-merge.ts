import {
  type BucketCounts,
  bucketsOf,
  countsOf,
  isCustom,
  limitsOf,
  type NativeHistogram,
  type ResetHint,
} from './histogram.ts';

/** Exponential buckets and bounds of one's own in one sum. */
export class IncompatibleHistograms extends Error {}

export interface Merged {
  result: NativeHistogram;
  /** a reset and its denial met */
  hintsCollide: boolean;
  /** bounds differed: what both have is left */
  boundsDiffer: boolean;
}

/** Coarser buckets: `schema` is not above that of the histogram. */
export function toSchema(histogram: NativeHistogram, schema: number): NativeHistogram {
  const by = histogram.schema - schema;
  if (by <= 0 || isCustom(histogram)) return histogram;
  const coarser = (counts: BucketCounts) =>
    countsOf([...counts].map(([index, count]) => [Math.ceil(index / 2 ** by), count] as const));
  return {
    ...histogram,
    schema,
    positive: coarser(histogram.positive),
    negative: coarser(histogram.negative),
  };
}

/** The same with a zero bucket as wide as that, or wider where that would cut a bucket that holds something. */
export function widenZero(histogram: NativeHistogram, threshold: number): NativeHistogram {
  let wide = threshold;
  for (const { lower, upper } of bucketsOf({ ...histogram, zeroCount: 0 })) {
    const [near, far] = lower >= 0 ? [lower, upper] : [-upper, -lower];
    if (near < wide && far > wide) wide = far;
  }
  let zeroCount = histogram.zeroCount;
  const outside = (counts: BucketCounts) =>
    new Map(
      [...counts].filter(([index, count]) => {
        const isInside = limitsOf(histogram, index)[0] < wide;
        if (isInside) zeroCount += count;
        return !isInside;
      }),
    );
  const positive = outside(histogram.positive);
  const negative = outside(histogram.negative);
  return { ...histogram, zeroThreshold: wide, zeroCount, positive, negative };
}

/** Both with one zero bucket. */
function alignZero(a: NativeHistogram, b: NativeHistogram): [NativeHistogram, NativeHistogram] {
  let [left, right] = [a, b];
  while (left.zeroThreshold !== right.zeroThreshold) {
    if (left.zeroThreshold < right.zeroThreshold) left = widenZero(left, right.zeroThreshold);
    else right = widenZero(right, left.zeroThreshold);
  }
  return [left, right];
}

/** The same with fewer bounds: `bounds` are some of its own. */
export function toBounds(histogram: NativeHistogram, bounds: readonly number[]): NativeHistogram {
  const target = (index: number): number => {
    const upper = histogram.bounds[index] ?? Infinity;
    const at = bounds.findIndex((bound) => bound >= upper);
    return at < 0 ? bounds.length : at;
  };
  const positive = countsOf(
    [...histogram.positive].map(([index, count]) => [target(index), count] as const),
  );
  return { ...histogram, bounds, positive };
}

const sameBounds = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((bound, at) => bound === b[at]);

function mergedHint(a: ResetHint, b: ResetHint): { hint: ResetHint; hintsCollide: boolean } {
  if (a === b) return { hint: a, hintsCollide: false };
  if (a === 'gauge' || b === 'gauge') return { hint: 'gauge', hintsCollide: false };
  return { hint: 'unknown', hintsCollide: a !== 'unknown' && b !== 'unknown' };
}

/** Both in one shape of buckets. @throws IncompatibleHistograms */
export function align(
  a: NativeHistogram,
  b: NativeHistogram,
): { left: NativeHistogram; right: NativeHistogram; boundsDiffer: boolean } {
  if (isCustom(a) !== isCustom(b)) throw new IncompatibleHistograms();
  if (!isCustom(a)) {
    const schema = Math.min(a.schema, b.schema);
    // zero buckets first: they are as wide as the finer buckets say
    const [left, right] = alignZero(a, b);
    return { left: toSchema(left, schema), right: toSchema(right, schema), boundsDiffer: false };
  }
  if (sameBounds(a.bounds, b.bounds)) return { left: a, right: b, boundsDiffer: false };
  const both = a.bounds.filter((bound) => b.bounds.includes(bound));
  return { left: toBounds(a, both), right: toBounds(b, both), boundsDiffer: true };
}

/** `a + sign · b`. @throws IncompatibleHistograms */
export function merge(a: NativeHistogram, b: NativeHistogram, sign: 1 | -1): Merged {
  const { left, right, boundsDiffer } = align(a, b);
  const sum = (own: BucketCounts, other: BucketCounts) =>
    countsOf([...own, ...[...other].map(([index, count]) => [index, sign * count] as const)]);
  const { hint, hintsCollide } = mergedHint(a.hint, b.hint);
  const result: NativeHistogram = {
    ...left,
    count: left.count + sign * right.count,
    sum: left.sum + sign * right.sum,
    zeroCount: left.zeroCount + sign * right.zeroCount,
    positive: sum(left.positive, right.positive),
    negative: sum(left.negative, right.negative),
    hint,
  };
  return { result, hintsCollide, boundsDiffer };
}

/** Whether the counter began anew between `before` and `histogram`: by its hint, else because something fell. */
export function isReset(histogram: NativeHistogram, before: NativeHistogram): boolean {
  if (histogram.hint === 'reset') return true;
  if (histogram.hint === 'not_reset') return false;
  if (histogram.count < before.count) return true;
  if (isCustom(histogram) !== isCustom(before)) return true;
  if (!isCustom(histogram)) {
    if (histogram.schema > before.schema || histogram.zeroThreshold < before.zeroThreshold)
      return true;
    const widened = widenZero(before, histogram.zeroThreshold);
    if (widened.zeroThreshold !== histogram.zeroThreshold) return true;
    if (histogram.zeroCount < widened.zeroCount) return true;
    const coarse = toSchema(widened, histogram.schema);
    return fell(histogram.positive, coarse.positive) || fell(histogram.negative, coarse.negative);
  }
  const { left, right } = align(histogram, before);
  return fell(left.positive, right.positive);
}

const fell = (now: BucketCounts, before: BucketCounts): boolean =>
  [...before].some(([index, count]) => (now.get(index) ?? 0) < count);

/** Whether a number left the range of floats. */
export function hasOverflow({
  count,
  sum,
  zeroCount,
  positive,
  negative,
}: NativeHistogram): boolean {
  const all = [count, sum, zeroCount, ...positive.values(), ...negative.values()];
  return all.some((value) => Math.abs(value) === Infinity);
}
