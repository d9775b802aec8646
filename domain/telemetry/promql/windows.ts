import type { Expr, MatrixSelector, Subquery } from './ast.ts';
import { type Evaluation, lengthOf, referenceTime } from './evaluation.ts';
import type { NativeHistogram } from './histogram.ts';
import type { Labels } from './labels.ts';
import type { Point } from './interpolate.ts';
import { PromqlError } from './problem.ts';
import { lastNotAfter } from './select-instant.ts';
import type { Grid, Series, StoredSeries } from './values.ts';

/** The samples of one series in a range: those of `times` and `values` from `low` to before `high`. Never none. */
export interface Window {
  times: Float64Array;
  values: Float64Array;
  low: number;
  high: number;
  /** in the place of values that are histograms; null: the series has none */
  histograms: RangeSeries['histograms'];
  /** exclusive and inclusive end of the range, ms */
  start: number;
  end: number;
}

/** One series, to be seen through windows. */
export interface RangeSeries {
  labels: Labels;
  dropName: boolean;
  times: Float64Array;
  values: Float64Array;
  histograms: readonly (NativeHistogram | null)[] | null;
}

/** What a range vector is made of. */
export interface RangeVector {
  series: RangeSeries[];
  /** ms */
  range: number;
  mode: 'anchored' | 'smoothed' | null;
  /** how much before and after the range is seen, too, ms */
  before: number;
  after: number;
  /** end of the range for a point of the grid */
  reference: (time: number) => number;
}

type Samples = Pick<RangeSeries, 'times' | 'values' | 'histograms'>;

function withoutStale({ times, values, stale, histograms }: StoredSeries): Samples {
  if (!stale?.includes(1)) return { times, values, histograms };
  const keep = (_: unknown, at: number) => stale[at] === 0;
  return {
    times: times.filter(keep),
    values: values.filter(keep),
    histograms: histograms?.filter(keep) ?? null,
  };
}

function ofPoints(
  { labels, dropName, present, values, histograms }: Series,
  grid: Grid,
): RangeSeries {
  const keep = (_: unknown, at: number) => present[at] !== 0;
  const times = Float64Array.from({ length: grid.count }, (_, at) => grid.start + at * grid.step);
  return {
    labels,
    dropName,
    times: times.filter(keep),
    values: values.filter(keep),
    histograms: histograms?.filter(keep).map((one) => one && withoutHint(one)) ?? null,
  };
}

/** Points of a grid may skip samples: what was known of two neighbours says nothing of them. */
const withoutHint = (histogram: NativeHistogram): NativeHistogram =>
  histogram.hint === 'gauge' ? histogram : { ...histogram, hint: 'unknown' };

/** The series of `metric[5m]` or of a subquery, evaluated once for all points of the grid. */
export function openRange(evaluation: Evaluation, expr: Expr, grid: Grid): RangeVector {
  if (expr.kind === 'paren') return openRange(evaluation, expr.of, grid);
  if (expr.kind === 'matrix') return openMatrix(evaluation, expr);
  if (expr.kind === 'subquery') return openSubquery(evaluation, expr, grid);
  throw new PromqlError('a range vector is expected here', expr.span);
}

function openMatrix(
  evaluation: Evaluation,
  { selector, range, span }: MatrixSelector,
): RangeVector {
  return {
    mode: selector.mode,
    before: selector.mode === null ? 0 : evaluation.lookback,
    after: selector.mode === 'smoothed' ? evaluation.lookback : 0,
    range: lengthOf(evaluation, range, span),
    reference: referenceTime(evaluation, selector),
    series: (evaluation.samples.get(selector) ?? []).map((stored) => ({
      labels: stored.labels,
      dropName: false,
      ...withoutStale(stored),
    })),
  };
}

/** The points that a subquery is evaluated at: multiples of its step within all of its ranges. */
export function subqueryGrid(evaluation: Evaluation, subquery: Subquery, grid: Grid): Grid {
  const { span } = subquery;
  const step =
    subquery.step === null ? evaluation.subqueryStep : lengthOf(evaluation, subquery.step, span);
  const range = lengthOf(evaluation, subquery.range, span);
  const reference = referenceTime(evaluation, subquery);
  const after = reference(grid.start) - range;
  const last = reference(grid.start + grid.step * (grid.count - 1));
  const start = (Math.floor(after / step) + 1) * step;
  return { start, step, count: Math.max(0, Math.floor((last - start) / step) + 1) };
}

function openSubquery(evaluation: Evaluation, subquery: Subquery, grid: Grid): RangeVector {
  const inner = subqueryGrid(evaluation, subquery, grid);
  const value = evaluation.value(subquery.of, inner);
  if (value.type !== 'vector') throw new PromqlError('a subquery is of a vector', subquery.span);
  return {
    mode: null,
    before: 0,
    after: 0,
    range: lengthOf(evaluation, subquery.range, subquery.span),
    reference: referenceTime(evaluation, subquery),
    series: value.series.map((series) => ofPoints(series, inner)),
  };
}

/** Shows a series through the window of each point of the grid that has samples in it. */
export function eachWindow(
  { range, reference, before, after }: RangeVector,
  { times, values, histograms }: RangeSeries,
  grid: Grid,
  see: (window: Window, at: number) => void,
): number {
  let seen = 0;
  let low = 0;
  let high = 0;
  for (let at = 0; at < grid.count; at++) {
    const end = reference(grid.start + at * grid.step);
    const start = end - range;
    low = lastNotAfter(times, start - before, low) + 1;
    high = lastNotAfter(times, end + after, high) + 1;
    if (low >= high) continue;
    seen += high - low;
    see({ times, values, histograms, low, high, start, end }, at);
  }
  return seen;
}

/** The samples in a window, of any kind. */
export function pointsOf({ times, values, histograms, low, high }: Window): Point[] {
  return Array.from({ length: high - low }, (_, at) => ({
    time: times[low + at]!,
    sample: histograms?.[low + at] ?? values[low + at]!,
  }));
}
