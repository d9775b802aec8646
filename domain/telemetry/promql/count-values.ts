import type { Aggregation } from './ast.ts';
import { type Group, samplesAt } from './group-series.ts';
import { bucketsOf, type NativeHistogram } from './histogram.ts';
import { requireLabelName, stringOf } from './label-functions.ts';
import { Labels, metricNameLabel } from './labels.ts';
import { type Grid, type Series, SeriesBuilder } from './values.ts';

/** A float as Prometheus writes it into a label: without an exponent. */
function plainNumber(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  const text = Object.is(value, -0) ? '-0' : String(value);
  if (!text.includes('e')) return text;
  return Math.abs(value) >= 1 ? BigInt(value).toString() : value.toFixed(100).replace(/0+$/, '');
}

/** A number as Go's `%g`: an exponent of two digits from 1e21 on and below 1e-4. */
function shortNumber(value: number): string {
  if (Math.abs(value) === Infinity) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0 || (Math.abs(value) >= 1e-4 && Math.abs(value) < 1e21)) return plainNumber(value);
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

/** A histogram in one line: `{count:…, sum:…, (lower,upper]:count, …}`. */
function plainHistogram(histogram: NativeHistogram): string {
  const parts = bucketsOf(histogram).map(({ lower, upper, count }) => {
    const [open, close] = [lower < 0 ? '[' : '(', upper > 0 ? ']' : ')'];
    return `${open}${shortNumber(lower)},${shortNumber(upper)}${close}:${shortNumber(count)}`;
  });
  const totals = [`count:${shortNumber(histogram.count)}`, `sum:${shortNumber(histogram.sum)}`];
  return `{${[...totals, ...parts].join(', ')}}`;
}

/** `count_values("label", v)`: how many elements have each value, named in the label. @throws PromqlError of a bad name */
export function countValues(
  { parameter }: Aggregation,
  groups: readonly Group[],
  grid: Grid,
): Series[] {
  const name = requireLabelName(stringOf(parameter!), parameter!);
  const result = new SeriesBuilder(grid.count);
  for (let at = 0; at < grid.count; at++) {
    // the label may be one that groups are made by: then groups meet
    const counts = new Map<string, { labels: Labels; count: number; dropName: boolean }>();
    for (const { labels, members, dropName } of groups) {
      for (const sample of samplesAt(members, at)) {
        const text = typeof sample === 'number' ? plainNumber(sample) : plainHistogram(sample);
        const own = Labels.of([...labels.pairs, [name, text]]);
        const counted = counts.get(own.key) ?? {
          labels: own,
          count: 0,
          dropName: dropName && name !== metricNameLabel,
        };
        counted.count += 1;
        counts.set(own.key, counted);
      }
    }
    for (const { labels, count, dropName } of counts.values())
      result.set(labels, at, count, dropName);
  }
  return result.build();
}
