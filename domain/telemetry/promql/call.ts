import type { Call, Expr } from './ast.ts';
import { callRange, scalarsOf } from './call-range.ts';
import { dateFunctions, elementFunctions } from './element-functions.ts';
import type { Evaluation } from './evaluation.ts';
import { histogramFraction, histogramQuantile, histogramQuantiles } from './histogram-functions.ts';
import { histogramNumbers } from './histogram-values.ts';
import { absentOf, labelJoin, labelReplace } from './label-functions.ts';
import { Labels } from './labels.ts';
import { PromqlError } from './problem.ts';
import { selectInstant } from './select-instant.ts';
import { sortSeries } from './sort-series.ts';
import {
  emptySeries,
  type Grid,
  isEmpty,
  mapSamples,
  mapSeries,
  type Sample,
  type Series,
  type Value,
} from './values.ts';
import { eachWindow, openRange } from './windows.ts';

function vectorOf(evaluation: Evaluation, expr: Expr, grid: Grid): Series[] {
  const value = evaluation.value(expr, grid);
  if (value.type !== 'vector') throw new PromqlError('a vector is expected here', expr.span);
  return value.series;
}

const secondsOfGrid = ({ start, step, count }: Grid): Float64Array =>
  Float64Array.from({ length: count }, (_, at) => (start + at * step) / 1000);

/** One series without labels that has a value at each point. */
function bare(values: Float64Array): Series {
  return {
    ...emptySeries(Labels.empty, false, values.length),
    values,
    present: new Uint8Array(values.length).fill(1),
  };
}

/** A function call at each point of the grid. @throws PromqlError, also of functions that are not evaluated here */
export function evaluateCall(evaluation: Evaluation, call: Call, grid: Grid): Value {
  const scalar = callScalar(evaluation, call, grid);
  if (scalar !== null) return { type: 'scalar', values: scalar };
  const number = histogramNumbers.get(call.name);
  if (number !== undefined) {
    const change = (sample: Sample) => (typeof sample === 'number' ? undefined : number(sample));
    const numbers = vectorOf(evaluation, call.args[0]!, grid).map((one) => mapSamples(one, change));
    return { type: 'vector', series: numbers.filter((one) => !isEmpty(one)) };
  }
  const series =
    callElement(evaluation, call, grid) ??
    callRange(evaluation, call, grid) ??
    callVector(evaluation, call, grid);
  if (series === null) {
    throw new PromqlError(`${call.name} is not evaluated here`, call.span, 'unsupported');
  }
  return { type: 'vector', series };
}

function callScalar(evaluation: Evaluation, { name, args }: Call, grid: Grid): Float64Array | null {
  const { start, step, count } = evaluation.query;
  const always = (value: number) => new Float64Array(grid.count).fill(value);
  switch (name) {
    case 'pi':
      return always(Math.PI);
    case 'time':
      return secondsOfGrid(grid);
    case 'start':
      return always(start / 1000);
    case 'end':
      return always((start + step * (count - 1)) / 1000);
    case 'range':
      return always((step * (count - 1)) / 1000);
    case 'step':
      return always(count === 1 ? 0 : step / 1000);
    case 'scalar':
      return onlyValues(vectorOf(evaluation, args[0]!, grid), grid);
    default:
      return null;
  }
}

/** The value of the only element, NaN where there are none or several. */
function onlyValues(series: readonly Series[], { count }: Grid): Float64Array {
  return new Float64Array(count).map((_, at) => {
    const here = series.filter(({ present }) => present[at] === 1);
    return here.length === 1 ? here[0]!.values[at]! : NaN;
  });
}

function callElement(evaluation: Evaluation, { name, args }: Call, grid: Grid): Series[] | null {
  const apply = elementFunctions.get(name);
  if (apply === undefined) return null;
  const [first, ...rest] = args;
  const series =
    first === undefined && dateFunctions.has(name)
      ? [bare(secondsOfGrid(grid))]
      : vectorOf(evaluation, first!, grid);
  const scalars = rest.map((arg) => scalarsOf(evaluation, arg, grid));
  return series
    .map((one) =>
      mapSeries(one, (value, at) =>
        apply(
          value,
          scalars.map((values) => values[at]!),
        ),
      ),
    )
    .filter((one) => !isEmpty(one));
}

function callVector(evaluation: Evaluation, call: Call, grid: Grid): Series[] | null {
  const { name, args } = call;
  const series = (at: number) => vectorOf(evaluation, args[at]!, grid);
  switch (name) {
    case 'vector':
      return [bare(scalarsOf(evaluation, args[0]!, grid))];
    case 'timestamp':
      return timestampsOf(evaluation, args[0]!, grid);
    case 'absent':
      return absentOf(args[0]!, presenceOf(series(0), grid));
    case 'absent_over_time':
      return absentOf(args[0]!, presenceInRange(evaluation, args[0]!, grid));
    case 'label_replace':
      return labelReplace(call, series(0));
    case 'label_join':
      return labelJoin(call, series(0));
    case 'histogram_quantile':
      return histogramQuantile(evaluation, call, series(1), grid);
    case 'histogram_quantiles':
      return histogramQuantiles(evaluation, call, series(0), grid);
    case 'histogram_fraction':
      return histogramFraction(evaluation, call, series(2), grid);
    default:
      return name.startsWith('sort') ? sortSeries(evaluation, call, series(0)) : null;
  }
}

/** Times of the samples themselves where they are a selector's, else of the points. */
function timestampsOf(evaluation: Evaluation, expr: Expr, grid: Grid): Series[] {
  let inner = expr;
  while (inner.kind === 'paren') inner = inner.of;
  if (inner.kind === 'selector') {
    return selectInstant(evaluation, inner, grid, true).map((one) => ({ ...one, dropName: true }));
  }
  const times = secondsOfGrid(grid);
  return vectorOf(evaluation, expr, grid).map((one) => mapSamples(one, (_, at) => times[at]!));
}

function presenceOf(series: readonly Series[], { count }: Grid): Uint8Array {
  const sum = new Uint8Array(count);
  for (const { present } of series) present.forEach((one, at) => (sum[at] = sum[at]! | one));
  return sum;
}

function presenceInRange(evaluation: Evaluation, expr: Expr, grid: Grid): Uint8Array {
  const sum = new Uint8Array(grid.count);
  const vector = openRange(evaluation, expr, grid);
  for (const one of vector.series) eachWindow(vector, one, grid, (_, at) => (sum[at] = 1));
  return sum;
}
