import {
  countsOf,
  customSchema,
  type NativeHistogram,
} from '../../domain/telemetry/promql/histogram.ts';
import type { Labels } from '../../domain/telemetry/promql/labels.ts';
import { metricNameLabel } from '../../domain/telemetry/promql/labels.ts';
import type { ScriptSeries, ScriptValue } from './script.ts';

interface Parts {
  labels: Labels;
  buckets: Map<number, readonly ScriptValue[]>;
  count: readonly ScriptValue[];
  sum: readonly ScriptValue[];
}

const suffix = /_(bucket|count|sum)$/;

/** Native histograms with custom buckets of the series `…_bucket{le}`, `…_count` and `…_sum` of a `load_with_nhcb`. */
export function asNative(series: readonly ScriptSeries[]): ScriptSeries[] {
  const parts = new Map<string, Parts>();
  for (const { labels, values } of series) {
    const name = labels.get(metricNameLabel);
    const kind = suffix.exec(name)?.[1];
    if (kind === undefined) continue;
    const own = labels.with(metricNameLabel, name.replace(suffix, '')).without(new Set(['le']));
    const part: Parts = parts.get(own.key) ?? {
      labels: own,
      buckets: new Map(),
      count: [],
      sum: [],
    };
    const le = labels.get('le');
    if (kind === 'bucket') part.buckets.set(/inf/i.test(le) ? Infinity : Number(le), values);
    else if (kind === 'count') part.count = values;
    else part.sum = values;
    parts.set(own.key, part);
  }
  return [...parts.values()]
    .filter(({ buckets }) => buckets.size > 0)
    .map((part) => ({ labels: part.labels, bare: false, values: histogramsOf(part) }));
}

function histogramsOf({ buckets, count, sum }: Parts): ScriptValue[] {
  const bounds = [...buckets.keys()].sort((a, b) => a - b);
  const length = Math.max(...[...buckets.values()].map((values) => values.length));
  return Array.from({ length }, (_, at): ScriptValue => {
    let below = 0;
    const own = bounds.map((bound) => {
      const value = buckets.get(bound)![at];
      const total = typeof value === 'number' ? value : below;
      const inside = total - below;
      below = total;
      return inside;
    });
    if (bounds.every((bound) => typeof buckets.get(bound)![at] !== 'number')) return 'none';
    return native({
      bounds,
      counts: own,
      total: numberOr(count[at], below),
      sum: numberOr(sum[at], 0),
    });
  });
}

const numberOr = (value: ScriptValue | undefined, other: number): number =>
  typeof value === 'number' ? value : other;

function native(of: {
  bounds: number[];
  counts: number[];
  total: number;
  sum: number;
}): NativeHistogram {
  const finite = of.bounds.filter((bound) => bound !== Infinity);
  const counts = [...of.counts];
  if (finite.length === of.bounds.length)
    counts.push(of.total - counts.reduce((sum, one) => sum + one, 0));
  return {
    schema: customSchema,
    count: of.total,
    sum: of.sum,
    zeroCount: 0,
    zeroThreshold: 0,
    positive: countsOf(counts.map((count, index) => [index, count] as const)),
    negative: new Map(),
    bounds: finite,
    hint: 'unknown',
  };
}
