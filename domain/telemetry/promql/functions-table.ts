import type { ValueType } from './ast.ts';

export interface Signature {
  args: readonly ValueType[];
  /** how many of the last may be missing */
  optional: number;
  /** how many more of the last type may follow; Infinity: any number */
  more: number;
  returns: ValueType;
}

const take = (args: string, returns: ValueType = 'vector', optional = 0, more = 0): Signature => ({
  args: args === '' ? [] : (args.split(' ') as ValueType[]),
  optional,
  more,
  returns,
});

const ofVector = take('vector');
const ofMatrix = take('matrix');
const ofTime = take('vector', 'vector', 1);

const names = (text: string, signature: Signature): [string, Signature][] =>
  text.split(' ').map((name) => [name, signature]);

/** Every function of PromQL, with what it takes and returns. What has no evaluator here is refused with its position. */
export const signatures: ReadonlyMap<string, Signature> = new Map([
  ...names(
    'abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor ln log10 log2 rad sgn sin sinh',
    ofVector,
  ),
  ...names('sort sort_desc sqrt tan tanh timestamp start_timestamp', ofVector),
  ...names(
    'histogram_avg histogram_count histogram_stddev histogram_stdvar histogram_sum',
    ofVector,
  ),
  ...names(
    'absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase',
    ofMatrix,
  ),
  ...names(
    'irate last_over_time mad_over_time max_over_time min_over_time present_over_time rate resets',
    ofMatrix,
  ),
  ...names(
    'stddev_over_time stdvar_over_time sum_over_time ts_of_first_over_time ts_of_last_over_time',
    ofMatrix,
  ),
  ...names('ts_of_max_over_time ts_of_min_over_time', ofMatrix),
  ...names('day_of_month day_of_week day_of_year days_in_month hour minute month year', ofTime),
  ...names('clamp_max clamp_min', take('vector scalar')),
  ...names('end pi range start step time', take('', 'scalar')),
  ['clamp', take('vector scalar scalar')],
  ['double_exponential_smoothing', take('matrix scalar scalar')],
  ['histogram_fraction', take('scalar scalar vector')],
  ['histogram_quantile', take('scalar vector')],
  ['histogram_quantiles', take('vector string scalar', 'vector', 0, 9)],
  ['info', take('vector vector', 'vector', 1)],
  ['integral', take('matrix scalar', 'vector', 1)],
  ['label_join', take('vector string string string', 'vector', 1, Infinity)],
  ['label_replace', take('vector string string string string')],
  ['predict_linear', take('matrix scalar')],
  ['quantile_over_time', take('scalar matrix')],
  ['round', take('vector scalar', 'vector', 1)],
  ['scalar', take('vector', 'scalar')],
  ['sort_by_label', take('vector string', 'vector', 1, Infinity)],
  ['sort_by_label_desc', take('vector string', 'vector', 1, Infinity)],
  ['vector', take('scalar')],
]);
