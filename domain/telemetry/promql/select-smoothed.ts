import type { VectorSelector } from './ast.ts';
import { type Evaluation, referenceTime } from './evaluation.ts';
import { isCustom, type NativeHistogram } from './histogram.ts';
import { interpolate, isHistogram, type Point } from './interpolate.ts';
import { noteMerged, noteOf } from './notes.ts';
import { emptySeries, type Grid, isEmpty, putSample, type Sample, type Series } from './values.ts';
import { eachWindow, openRange, pointsOf } from './windows.ts';

/** The values of `metric smoothed` at each point: on the line between the samples before and after it. */
export function selectSmoothed(
  evaluation: Evaluation,
  selector: VectorSelector,
  grid: Grid,
): Series[] {
  const { lookback } = evaluation;
  const range = { kind: 'seconds', value: lookback / 1000 } as const;
  const vector = openRange(
    evaluation,
    { kind: 'matrix', span: selector.span, selector, range },
    grid,
  );
  const reference = referenceTime(evaluation, selector);
  return vector.series.flatMap((one) => {
    const series = emptySeries(one.labels, false, grid.count);
    eachWindow({ ...vector, before: 0, after: lookback }, one, grid, (window, at) => {
      const time = reference(grid.start + at * grid.step);
      const sample = smoothedAt(evaluation, selector, pointsOf(window), time);
      if (sample !== undefined) putSample(series, at, sample);
    });
    return isEmpty(series) ? [] : [series];
  });
}

function smoothedAt(
  evaluation: Evaluation,
  { span }: VectorSelector,
  points: readonly Point[],
  time: number,
): Sample | undefined {
  if (new Set(points.map(({ sample }) => isHistogram(sample))).size > 1) {
    evaluation.note(noteOf('warning', 'floats and histograms are mixed in a smoothed range', span));
    return undefined;
  }
  const after = points.findIndex((point) => point.time >= time);
  const next = points[after];
  if (next?.time === time) return next.sample;
  const before = after < 0 ? points.at(-1) : points[after - 1];
  if (before === undefined) return undefined;
  if (next === undefined)
    return isHistogram(before.sample) ? { ...before.sample, hint: 'unknown' } : before.sample;
  const both = [before.sample, next.sample];
  const histograms = both.filter((sample): sample is NativeHistogram => isHistogram(sample));
  if (new Set(histograms.map(isCustom)).size > 1) {
    evaluation.note(
      noteOf('warning', 'histograms with exponential and with custom buckets are mixed', span),
    );
    return undefined;
  }
  const counter = histograms.some(({ hint }) => hint !== 'gauge');
  return interpolate([before, next], time, counter, (merged) =>
    noteMerged(evaluation, merged, span),
  );
}
