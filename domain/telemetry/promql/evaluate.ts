import { aggregate } from './aggregate.ts';
import type { Expr, Matcher, VectorSelector } from './ast.ts';
import { evaluateBinary } from './binary.ts';
import { evaluateCall } from './call.ts';
import { typeOf } from './check-types.ts';
import type { Annotation, Evaluation } from './evaluation.ts';
import { multiply, type NativeHistogram } from './histogram.ts';
import { extendedSamples } from './extended-ranges.ts';
import { withoutDroppedNames } from './label-functions.ts';
import type { Labels } from './labels.ts';
import { PromqlError } from './problem.ts';
import { plannedReads } from './plan-reads.ts';
import { selectInstant } from './select-instant.ts';
import { selectSmoothed } from './select-smoothed.ts';
import {
  type Grid,
  mapSamples,
  type Sample,
  type Series,
  type StoredSeries,
  type Value,
} from './values.ts';
import { eachWindow, openRange, pointsOf } from './windows.ts';

/** Where samples come from. */
export interface SampleSource {
  /**
   * All series that fulfil the matchers, with their samples after `from` and up to `to` (ms), by rising time.
   */
  select: (
    matchers: readonly Matcher[],
    from: number,
    to: number,
  ) => Promise<readonly StoredSeries[]>;
}

export interface QueryOptions {
  source: SampleSource;
  grid: Grid;
  /** how long a sample counts, ms; 5 minutes unless told */
  lookback?: number;
  /** step of a subquery without one, ms; a minute unless told */
  subqueryStep?: number;
  /** how many samples may be looked at; 50 million unless told */
  maxSamples?: number;
}

/** Samples of one series in a range, as `metric[5m]` alone answers. */
export interface RangeSamples {
  labels: Labels;
  times: Float64Array;
  values: Float64Array;
  histograms: readonly (NativeHistogram | null)[] | null;
}

export type QueryResult = { annotations: Annotation[] } & (
  | { type: 'scalar'; values: Float64Array }
  | { type: 'string'; value: string }
  | { type: 'vector'; series: Series[] }
  | { type: 'matrix'; series: RangeSamples[] }
);

/**
 * Evaluates an expression at each point of a grid; a range vector alone only at one.
 * @throws PromqlError of what cannot be evaluated here, of data that do not fit, and above `maxSamples`
 */
export async function evaluateQuery(expr: Expr, options: QueryOptions): Promise<QueryResult> {
  const {
    source,
    grid,
    lookback = 300_000,
    subqueryStep = 60_000,
    maxSamples = 50_000_000,
  } = options;
  const samples = new Map<VectorSelector, readonly StoredSeries[]>();
  const annotations = new Map<string, Annotation>();
  let spent = 0;
  const evaluation: Evaluation = {
    query: grid,
    samples,
    lookback,
    subqueryStep,
    note: (annotation) =>
      annotations.set(`${annotation.message} ${String(annotation.span.from)}`, annotation),
    spend: (count, span) => {
      spent += count;
      if (spent > maxSamples) {
        throw new PromqlError(
          `the query looks at more than ${String(maxSamples)} samples`,
          span,
          'limit',
        );
      }
    },
    value: (node, points) => valueOf(evaluation, node, points),
  };
  for (const { selector, from, to } of plannedReads(evaluation, expr)) {
    samples.set(selector, await source.select(selector.matchers, from, to));
  }
  const result = answer(evaluation, expr, grid);
  return { ...result, annotations: [...annotations.values()] };
}

function answer(evaluation: Evaluation, expr: Expr, grid: Grid): QueryResult {
  if (typeOf(expr) === 'matrix')
    return { type: 'matrix', series: samplesOf(evaluation, expr, grid), annotations: [] };
  const value = evaluation.value(expr, grid);
  if (value.type !== 'vector') return { ...value, annotations: [] };
  return {
    type: 'vector',
    series: withoutDroppedNames(value.series, evaluation, grid, expr),
    annotations: [],
  };
}

function samplesOf(evaluation: Evaluation, expr: Expr, grid: Grid): RangeSamples[] {
  if (grid.count !== 1) {
    throw new PromqlError('a range vector alone can be asked for at one point only', expr.span);
  }
  const vector = openRange(evaluation, expr, grid);
  const result: RangeSamples[] = [];
  for (const one of vector.series) {
    const labels = one.dropName ? one.labels.withoutName() : one.labels;
    eachWindow(vector, one, grid, (window) => {
      const points = vector.mode === null ? pointsOf(window) : extendedSamples(window, vector.mode);
      if (points === undefined) return;
      const histograms = points.map(({ sample }) => (typeof sample === 'number' ? null : sample));
      result.push({
        labels,
        times: Float64Array.from(points, ({ time }) => time),
        values: Float64Array.from(points, ({ sample }) =>
          typeof sample === 'number' ? sample : NaN,
        ),
        histograms: histograms.some((histogram) => histogram !== null) ? histograms : null,
      });
    });
  }
  return result;
}

const negate = (sample: Sample): Sample =>
  typeof sample === 'number' ? -sample : multiply(sample, -1);

function valueOf(evaluation: Evaluation, expr: Expr, grid: Grid): Value {
  switch (expr.kind) {
    case 'number':
      return { type: 'scalar', values: new Float64Array(grid.count).fill(expr.value) };
    case 'string':
      return { type: 'string', value: expr.value };
    case 'paren':
    case 'positive':
      return evaluation.value(expr.of, grid);
    case 'negated': {
      const value = evaluation.value(expr.of, grid);
      if (value.type === 'scalar')
        return { type: 'scalar', values: value.values.map((one) => -one) };
      if (value.type === 'string') throw new PromqlError('a string has no sign', expr.span);
      return { type: 'vector', series: value.series.map((one) => mapSamples(one, negate)) };
    }
    case 'selector':
      return {
        type: 'vector',
        series:
          expr.mode === null
            ? selectInstant(evaluation, expr, grid)
            : selectSmoothed(evaluation, expr, grid),
      };
    case 'aggregation':
      return { type: 'vector', series: aggregate(evaluation, expr, grid) };
    case 'binary':
      return evaluateBinary(evaluation, expr, grid);
    case 'call':
      return evaluateCall(evaluation, expr, grid);
    default:
      throw new PromqlError('a range vector has no value at a point', expr.span);
  }
}
