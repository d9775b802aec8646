import type { Labels } from './labels.ts';
import type { Series } from './values.ts';

export interface Bucket {
  /** inclusive upper bound */
  upper: number;
  /** observations not above it */
  count: number;
}

const boundLabel = new Set(['le']);

/** A histogram, classic or native, by its labels without `le`. */
export interface Grouped {
  labels: Labels;
  bounds: { upper: number; series: Series }[];
  /** series that hold native histograms */
  native: Series[];
}

const boundOf = (text: string): number => {
  if (/^[+-]?inf$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return text === '' ? NaN : Number(text);
};

/** Series by the histogram that they are part of. `note` hears of bounds that are none. */
export function groupBuckets(series: readonly Series[], note: (bound: string) => void): Grouped[] {
  const groups = new Map<string, Grouped>();
  const groupOf = (labels: Labels): Grouped => {
    const group = groups.get(labels.key) ?? { labels, bounds: [], native: [] };
    groups.set(labels.key, group);
    return group;
  };
  for (const one of series) {
    const text = one.labels.get('le');
    const upper = boundOf(text);
    const hasFloats = one.present.includes(1);
    if (hasFloats && Number.isNaN(upper)) note(text);
    if (hasFloats && !Number.isNaN(upper)) {
      groupOf(one.labels.without(boundLabel)).bounds.push({ upper, series: one });
    }
    if (one.histograms !== null) groupOf(one.labels).native.push(one);
  }
  return [...groups.values()];
}

/** The buckets at one point: by rising bound, each once, counts that never fall. */
export function bucketsAt({ bounds }: Grouped, at: number): { buckets: Bucket[]; forced: boolean } {
  const byBound = new Map<number, number>();
  for (const { upper, series } of bounds) {
    if (series.present[at] === 1)
      byBound.set(upper, (byBound.get(upper) ?? 0) + series.values[at]!);
  }
  const buckets = [...byBound]
    .map(([upper, count]) => ({ upper, count }))
    .sort((a, b) => a.upper - b.upper);
  let forced = false;
  for (let index = 1; index < buckets.length; index++) {
    const [before, here] = [buckets[index - 1]!, buckets[index]!];
    // what rounding makes of equal counts is no fall
    const isSame =
      Math.abs(here.count - before.count) <=
      1e-12 * (Math.abs(here.count) + Math.abs(before.count));
    if (isSame || here.count < before.count) {
      forced ||= !isSame;
      here.count = before.count;
    }
  }
  return { buckets, forced };
}

/** The φ-quantile of cumulative buckets, as if observations lay evenly within each. */
export function quantileOfBuckets(phi: number, buckets: readonly Bucket[]): number {
  const last = buckets.at(-1);
  if (
    Number.isNaN(phi) ||
    last === undefined ||
    last.upper !== Infinity ||
    buckets.length < 2 ||
    last.count === 0
  )
    return NaN;
  if (phi < 0) return -Infinity;
  if (phi > 1) return Infinity;
  if (Number.isNaN(last.count)) return NaN;
  const rank = phi * last.count;
  const index = buckets.findIndex(({ count }) => count >= rank);
  if (index === buckets.length - 1) return buckets.at(-2)!.upper;
  const { upper, count } = buckets[index]!;
  if (index === 0 && upper <= 0) return upper;
  const lower = index === 0 ? 0 : buckets[index - 1]!.upper;
  const below = index === 0 ? 0 : buckets[index - 1]!.count;
  return lower + (upper - lower) * ((rank - below) / (count - below));
}

/** How many of all observations lie between two values, as if they lay evenly within each bucket. */
export function fractionOfBuckets(
  lower: number,
  upper: number,
  buckets: readonly Bucket[],
): number {
  const total = buckets.at(-1)?.count ?? 0;
  if (total === 0 || buckets.at(-1)?.upper !== Infinity || Number.isNaN(total)) return NaN;
  if (Number.isNaN(lower) || Number.isNaN(upper)) return NaN;
  if (lower >= upper) return 0;
  const below = (value: number): number => {
    if (value === Infinity) return total;
    const index = buckets.findIndex((bucket) => bucket.upper >= value);
    const bucket = buckets[index]!;
    const first = bucket.upper <= 0 ? -Infinity : 0;
    const from = index === 0 ? first : buckets[index - 1]!.upper;
    const before = index === 0 ? 0 : buckets[index - 1]!.count;
    if (value <= from) return before;
    if (from === -Infinity || value === bucket.upper) return bucket.count;
    if (bucket.upper === Infinity) return before;
    return before + (bucket.count - before) * ((value - from) / (bucket.upper - from));
  };
  return (below(upper) - below(lower)) / total;
}
