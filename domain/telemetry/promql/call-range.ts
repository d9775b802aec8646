import type { Call } from './ast.ts';
import { typeOf } from './check-types.ts';
import type { Evaluation } from './evaluation.ts';
import { PromqlError } from './problem.ts';
import { extendedRange } from './extended-ranges.ts';
import { withHistograms } from './histogram-ranges.ts';
import { type RangeFunction, rangeFunctions } from './range-functions.ts';
import { emptySeries, type Grid, isEmpty, putSample, type Series } from './values.ts';
import { eachWindow, openRange } from './windows.ts';

/** They return a sample as it was, with its name. */
const keepsName: ReadonlySet<string> = new Set(['first_over_time', 'last_over_time']);

const between0And1 = (name: string) => `invalid ${name} factor: it must be above 0 and below 1`;

/** A function of a range vector at each point of the grid; null when `name` is none. @throws PromqlError */
export function callRange(evaluation: Evaluation, call: Call, grid: Grid): Series[] | null {
  const ofFloats = rangeFunctions.get(call.name);
  if (ofFloats === undefined) return null;
  const at = call.args.findIndex((arg) => typeOf(arg) === 'matrix');
  const vector = openRange(evaluation, call.args[at]!, grid);
  const scalars = call.args
    .filter((_, index) => index !== at)
    .map((arg) => scalarsOf(evaluation, arg, grid));
  checkParameters(evaluation, call, scalars);
  const dropName = !keepsName.has(call.name);
  const result: Series[] = [];
  for (const one of vector.series) {
    const series = emptySeries(one.labels, dropName || one.dropName, grid.count);
    const plain = one.histograms === null ? ofFloats : withHistograms(evaluation, call, ofFloats);
    const { mode } = vector;
    const apply: RangeFunction =
      mode === null
        ? plain
        : extendedRange(evaluation, call, mode, (window) => plain(window, [], 0));
    const seen = eachWindow(vector, one, grid, (window, point) => {
      const parameters = scalars.map((values) => values[point]!);
      const value = apply(window, parameters, grid.start + point * grid.step);
      if (value === undefined) return;
      putSample(series, point, value);
    });
    evaluation.spend(seen, call.span);
    if (!isEmpty(series)) result.push(series);
  }
  return result;
}

/** The values of a scalar at each point. */
export function scalarsOf(
  evaluation: Evaluation,
  expr: Call['args'][number],
  grid: Grid,
): Float64Array {
  const value = evaluation.value(expr, grid);
  if (value.type !== 'scalar') throw new PromqlError('a scalar is expected here', expr.span);
  return value.values;
}

function checkParameters(
  evaluation: Evaluation,
  { name, args, span }: Call,
  scalars: Float64Array[],
): void {
  if (name === 'double_exponential_smoothing') {
    const words = ['smoothing', 'trend'];
    scalars.forEach((values, index) => {
      if (values.some((value) => !(value > 0 && value < 1))) {
        throw new PromqlError(between0And1(words[index]!), args[index + 1]!.span, 'failed');
      }
    });
  }
  if (name === 'quantile_over_time') noteQuantile(evaluation, scalars[0]!, args[0]!.span);
  if (name === 'integral' && scalars[0]?.some((value) => ![0, 1, 2].includes(value))) {
    evaluation.note({
      severity: 'warning',
      message: 'the strategy of integral is 0, 1 or 2; 2 was taken',
      span,
    });
    const [strategies] = scalars;
    strategies.forEach((value, index) => {
      if (![0, 1, 2].includes(value)) strategies[index] = 2;
    });
  }
}

/** Warns of a quantile that is none. */
export function noteQuantile(
  evaluation: Evaluation,
  values: Float64Array,
  span: Call['span'],
): void {
  const bad = values.find((value) => !(value >= 0 && value <= 1));
  if (bad === undefined) return;
  evaluation.note({
    severity: 'warning',
    message: `a quantile lies between 0 and 1, got ${String(bad)}`,
    span,
  });
}
