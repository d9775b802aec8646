import type { Call } from './ast.ts';
import { noteQuantile, scalarsOf } from './call-range.ts';
import {
  type Bucket,
  bucketsAt,
  fractionOfBuckets,
  type Grouped,
  groupBuckets,
  quantileOfBuckets,
} from './classic-histogram.ts';
import type { Evaluation } from './evaluation.ts';
import type { NativeHistogram } from './histogram.ts';
import { fractionOfHistogram, type NanNote, quantileOfHistogram } from './histogram-values.ts';
import { requireLabelName, stringOf } from './label-functions.ts';
import { noteOf } from './notes.ts';
import { PromqlError } from './problem.ts';
import { type Grid, sampleAt, type Series, SeriesBuilder } from './values.ts';

type Add = (value: number, label?: string) => void;

interface Plan {
  evaluation: Evaluation;
  call: Call;
  grid: Grid;
  series: readonly Series[];
  /** what is measured of a classic histogram, and of a native one */
  classic: (buckets: readonly Bucket[], at: number, add: Add) => void;
  native: (histogram: NativeHistogram, at: number, add: Add) => void;
  labelName?: string;
}

function overHistograms(plan: Plan): Series[] {
  const { evaluation, call, grid, series, labelName } = plan;
  const groups = groupBuckets(series, (bound) => {
    const message = `bucket label "le" is missing or no number: ${JSON.stringify(bound)}`;
    evaluation.note(noteOf('warning', message, call.span));
  });
  const result = new SeriesBuilder(grid.count);
  for (const group of groups) {
    for (let at = 0; at < grid.count; at++) {
      measure(plan, group, at, (value, label) => {
        const labels =
          labelName === undefined ? group.labels : group.labels.with(labelName, label!);
        if (result.set(labels, at, value, true)) return;
        throw new PromqlError(
          'vector cannot contain metrics with the same labelset',
          call.span,
          'failed',
        );
      });
    }
  }
  return result.build();
}

function measure(
  { evaluation, call, classic, native }: Plan,
  group: Grouped,
  at: number,
  add: Add,
): void {
  const histograms = group.native
    .map((one) => sampleAt(one, at))
    .filter((one) => typeof one === 'object');
  const { buckets, forced } = bucketsAt(group, at);
  if (histograms.length > 0 && buckets.length > 0) {
    evaluation.note(
      noteOf(
        'warning',
        `${group.labels.toString()} is a classic and a native histogram at once`,
        call.span,
      ),
    );
    return;
  }
  for (const histogram of histograms) native(histogram, at, add);
  if (buckets.length === 0) return;
  if (forced && call.name !== 'histogram_fraction') {
    const message = `buckets of ${group.labels.toString()} fall with rising bound: they were lifted`;
    evaluation.note(noteOf('info', message, call.span));
  }
  classic(buckets, at, add);
}

/** Adds a value and says what observations of NaN did to it. */
function addNoted(
  evaluation: Evaluation,
  { span }: Call,
  add: Add,
): (of: { value: number; nan: NanNote }, label?: string) => void {
  return ({ value, nan }, label) => {
    if (nan !== null)
      evaluation.note(
        noteOf(
          'info',
          `observations that are NaN: the result ${nan === 'skewed' ? 'is skewed' : nan}`,
          span,
        ),
      );
    add(value, label);
  };
}

/** `histogram_quantile(φ, v)`. */
export function histogramQuantile(
  evaluation: Evaluation,
  call: Call,
  series: readonly Series[],
  grid: Grid,
): Series[] {
  const phis = scalarsOf(evaluation, call.args[0]!, grid);
  noteQuantile(evaluation, phis, call.args[0]!.span);
  return overHistograms({
    evaluation,
    call,
    grid,
    series,
    classic: (buckets, at, add) => add(quantileOfBuckets(phis[at]!, buckets)),
    native: (histogram, at, add) =>
      addNoted(evaluation, call, add)(quantileOfHistogram(phis[at]!, histogram)),
  });
}

/** `histogram_quantiles(v, label, φ…)`: one series a quantile, named in `label`. */
export function histogramQuantiles(
  evaluation: Evaluation,
  call: Call,
  series: readonly Series[],
  grid: Grid,
): Series[] {
  const [, label, ...quantiles] = call.args;
  const scalars = quantiles.map((arg) => scalarsOf(evaluation, arg, grid));
  scalars.forEach((values, index) => noteQuantile(evaluation, values, quantiles[index]!.span));
  const nameOf = (phi: number) => (Number.isInteger(phi) ? `${String(phi)}.0` : String(phi));
  return overHistograms({
    evaluation,
    call,
    grid,
    series,
    labelName: requireLabelName(stringOf(label!), label!),
    classic: (buckets, at, add) => {
      for (const values of scalars)
        add(quantileOfBuckets(values[at]!, buckets), nameOf(values[at]!));
    },
    native: (histogram, at, add) => {
      for (const values of scalars) {
        addNoted(
          evaluation,
          call,
          add,
        )(quantileOfHistogram(values[at]!, histogram), nameOf(values[at]!));
      }
    },
  });
}

/** `histogram_fraction(lower, upper, v)`. */
export function histogramFraction(
  evaluation: Evaluation,
  call: Call,
  series: readonly Series[],
  grid: Grid,
): Series[] {
  const lowers = scalarsOf(evaluation, call.args[0]!, grid);
  const uppers = scalarsOf(evaluation, call.args[1]!, grid);
  return overHistograms({
    evaluation,
    call,
    grid,
    series,
    classic: (buckets, at, add) => add(fractionOfBuckets(lowers[at]!, uppers[at]!, buckets)),
    native: (histogram, at, add) =>
      addNoted(evaluation, call, add)(fractionOfHistogram(lowers[at]!, uppers[at]!, histogram)),
  });
}
