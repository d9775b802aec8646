import type { Aggregation } from './ast.ts';
import { noteQuantile, scalarsOf } from './call-range.ts';
import { countValues } from './count-values.ts';
import type { Evaluation } from './evaluation.ts';
import { type Group, groupSeries, samplesAt } from './group-series.ts';
import type { NativeHistogram } from './histogram.ts';
import { IncompatibleHistograms } from './histogram-merge.ts';
import { meanOfHistograms, sumOfHistograms } from './histogram-sums.ts';
import { noteMerged, noteOf } from './notes.ts';
import { PromqlError } from './problem.ts';
import { selectOf } from './select-elements.ts';
import { compareNumbers, meanOf, quantileOf, sumOf, varianceOf } from './sums.ts';
import { emptySeries, type Grid, isEmpty, putSample, type Sample, type Series } from './values.ts';

const extremeOf =
  (sign: 1 | -1) =>
  (values: readonly number[]): number =>
    values.reduce((best, value) => {
      const isBetter =
        Number.isNaN(best) || (!Number.isNaN(value) && sign * compareNumbers(value, best) > 0);
      return isBetter ? value : best;
    });

type Fold = (values: number[], parameter: number) => number;

/** They ignore what is no float. */
const ofFloats: Partial<Record<Aggregation['op'], Fold>> = {
  max: extremeOf(1),
  min: extremeOf(-1),
  quantile: (values, phi) => quantileOf(phi, values),
  stddev: (values) => Math.sqrt(varianceOf(values)),
  stdvar: varianceOf,
};

/** They take either kind, but not both at once. */
const ofOneKind = {
  avg: { floats: meanOf, histograms: meanOfHistograms },
  sum: { floats: sumOf, histograms: sumOfHistograms },
} as const;

const ofAnyKind: Partial<Record<Aggregation['op'], (samples: readonly Sample[]) => number>> = {
  count: (samples) => samples.length,
  group: () => 1,
};

/** An aggregation at each point of the grid. @throws PromqlError of a parameter that fits nothing */
export function aggregate(evaluation: Evaluation, node: Aggregation, grid: Grid): Series[] {
  const value = evaluation.value(node.of, grid);
  if (value.type !== 'vector') throw new PromqlError('a vector is expected here', node.of.span);
  const groups = groupSeries(value.series, node);
  if (node.op === 'count_values') return countValues(node, groups, grid);
  const parameters = node.parameter === null ? null : scalarsOf(evaluation, node.parameter, grid);
  if (node.op === 'quantile') noteQuantile(evaluation, parameters!, node.parameter!.span);
  else if (parameters !== null) return selectOf(evaluation, node, groups, { parameters, grid });
  return groups.flatMap((group) => {
    const result = foldGroup(evaluation, node, group, { parameters, grid });
    return isEmpty(result) ? [] : [result];
  });
}

function foldGroup(
  evaluation: Evaluation,
  node: Aggregation,
  { labels, members, dropName }: Group,
  { parameters, grid }: { parameters: Float64Array | null; grid: Grid },
): Series {
  const result = emptySeries(labels, dropName, grid.count);
  for (let at = 0; at < grid.count; at++) {
    const samples = samplesAt(members, at);
    if (samples.length === 0) continue;
    const sample = fold(evaluation, node, samples, parameters?.[at] ?? NaN);
    if (sample !== undefined) putSample(result, at, sample);
  }
  return result;
}

const isFloat = (sample: Sample): sample is number => typeof sample === 'number';

function fold(
  evaluation: Evaluation,
  node: Aggregation,
  samples: Sample[],
  parameter: number,
): Sample | undefined {
  const { op, of } = node;
  const any = ofAnyKind[op];
  if (any !== undefined) return any(samples);
  const floats = samples.filter(isFloat);
  const mixed = floats.length < samples.length && floats.length > 0;
  if (op === 'sum' || op === 'avg') {
    if (floats.length === samples.length) return ofOneKind[op].floats(floats);
    if (!mixed) return foldHistograms(evaluation, node, samples as NativeHistogram[]);
    evaluation.note(noteOf('warning', `floats and histograms are mixed in ${op}`, of.span));
    return undefined;
  }
  if (floats.length < samples.length)
    evaluation.note(noteOf('info', `histograms are left out by ${op}`, of.span));
  return floats.length === 0 ? undefined : ofFloats[op]!(floats, parameter);
}

function foldHistograms(
  evaluation: Evaluation,
  { op, of }: Aggregation,
  samples: NativeHistogram[],
): Sample | undefined {
  try {
    const sum = ofOneKind[op as 'avg' | 'sum'].histograms(samples);
    noteMerged(evaluation, sum, of.span);
    return sum.result;
  } catch (error) {
    if (!(error instanceof IncompatibleHistograms)) throw error;
    evaluation.note(
      noteOf('warning', 'histograms with exponential and with custom buckets are mixed', of.span),
    );
    return undefined;
  }
}
