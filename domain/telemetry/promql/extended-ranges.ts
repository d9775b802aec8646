import type { Call } from './ast.ts';
import type { Evaluation } from './evaluation.ts';
import { isCustom } from './histogram.ts';
import { IncompatibleHistograms } from './histogram-merge.ts';
import {
  beganAnew,
  combine,
  interpolate,
  isHistogram,
  type Merging,
  type Point,
  times,
} from './interpolate.ts';
import { noteMerged, noteOf } from './notes.ts';
import type { Sample } from './values.ts';
import { pointsOf, type Window } from './windows.ts';

export type Mode = 'anchored' | 'smoothed';

/** A range with what lies about it: samples from before its start, and with `smoothed` from after its end. */
interface Extended {
  points: readonly Point[];
  start: number;
  end: number;
  mode: Mode;
  counter: boolean;
  said: Merging;
}

/** Indices of the samples that stand for the ends of the range; null where nothing was measured in it. */
function endsOf({ points, start, end, mode }: Extended): [first: number, last: number] | null {
  const before = points.findLastIndex(({ time }) => time <= start);
  const after = mode === 'smoothed' ? points.findIndex(({ time }) => time >= end) : -1;
  const first = Math.min(Math.max(0, before), points.length - 1);
  const last = after < 0 ? points.length - 1 : after;
  if (points[last]!.time <= start || points[first]!.time > end) return null;
  return [first, last];
}

function leftOf({ points, start, mode, counter, said }: Extended, first: number): Sample {
  const point = points[first]!;
  const next = points[first + 1];
  if (mode === 'anchored' || point.time >= start || next === undefined) return point.sample;
  return interpolate([point, next], start, counter, said);
}

function rightOf({ points, end, counter, said }: Extended, last: number): Sample {
  const point = points[last]!;
  const before = points[last - 1];
  if (point.time <= end || before === undefined) return point.sample;
  return interpolate([before, point], end, counter, said);
}

/** What a counter had reached each time that it began anew within the range. */
function resetsOf(
  { points, start, mode, said }: Extended,
  [first, last]: [number, number],
  [left, right]: [Sample, Sample],
): Sample | null {
  let sum: Sample | null = null;
  let before = left;
  let from = first + 1;
  const next = points[from];
  if (
    mode === 'smoothed' &&
    next !== undefined &&
    points[first]!.time < start &&
    beganAnew(next.sample, points[first]!.sample)
  ) {
    // the line to the start of the range began anew already
    before = next.sample;
    from += 1;
  }
  // what stands for the end is looked at as `right`
  if (from > last) return sum;
  for (const { sample } of [...points.slice(from, last), { sample: right }]) {
    if (beganAnew(sample, before)) sum = sum === null ? before : combine(sum, before, 1, said);
    before = sample;
  }
  return sum;
}

/** Growth of a counter, or change of a gauge, from the start of the range to its end, without drawing out. */
function change(range: Extended): Sample | undefined {
  const ends = endsOf(range);
  if (ends === null) return undefined;
  const [first, last] = ends;
  const kinds = new Set(
    range.points
      .slice(first, last + 1)
      .map(({ sample }) => isHistogram(sample) && isCustom(sample)),
  );
  if (kinds.size > 1) throw new IncompatibleHistograms();
  const left = leftOf(range, first);
  const right = rightOf(range, last);
  const difference = combine(right, left, -1, range.said);
  const resets = range.counter ? resetsOf(range, ends, [left, right]) : null;
  return resets === null ? difference : combine(difference, resets, 1, range.said);
}

/** The functions of `metric[5m] anchored` and `metric[5m] smoothed`: their window holds what lies about the range, too. */
export function extendedRange(
  evaluation: Evaluation,
  call: Call,
  mode: Mode,
  ofPlain: (window: Window) => Sample | undefined,
): (window: Window) => Sample | undefined {
  const { name, span } = call;
  const counter = name !== 'delta';
  const said: Merging = (merged) => noteMerged(evaluation, merged, span);
  return (window) => {
    const points = pointsOf(window);
    const { start, end } = window;
    if (name === 'changes' || name === 'resets') {
      const ends = endsOf({ points, start, end, mode, counter, said });
      return ends === null ? undefined : ofPlain({ ...window, low: window.low + ends[0] });
    }
    if (new Set(points.map(({ sample }) => isHistogram(sample))).size > 1) {
      evaluation.note(
        noteOf('warning', `floats and histograms are mixed in a range of ${name}`, span),
      );
      return undefined;
    }
    try {
      const sum = change({ points, start, end, mode, counter, said });
      if (sum === undefined) return undefined;
      noteKind(evaluation, call, points, counter);
      const result = name === 'rate' ? times(sum, 1000 / (end - start)) : sum;
      return isHistogram(result) ? { ...result, hint: 'gauge' } : result;
    } catch (error) {
      if (!(error instanceof IncompatibleHistograms)) throw error;
      evaluation.note(
        noteOf('warning', 'histograms with exponential and with custom buckets are mixed', span),
      );
      return undefined;
    }
  };
}

function noteKind(
  evaluation: Evaluation,
  { name, span }: Call,
  points: readonly Point[],
  counter: boolean,
): void {
  const hints = points.map(({ sample }) => (isHistogram(sample) ? sample.hint : null));
  if (hints[0] === null) return;
  if (counter && hints.includes('gauge'))
    evaluation.note(noteOf('warning', `${name} of a histogram that is no counter`, span));
  if (!counter && hints.some((hint) => hint !== 'gauge')) {
    evaluation.note(noteOf('warning', `${name} of a histogram that is no gauge`, span));
  }
}

/** The samples of a range by itself, with one at each end of it. Undefined where nothing was measured in it. */
export function extendedSamples(window: Window, mode: Mode): Point[] | undefined {
  const range: Extended = {
    points: pointsOf(window),
    start: window.start,
    end: window.end,
    mode,
    counter: false,
    said: () => undefined,
  };
  const ends = endsOf(range);
  if (ends === null) return undefined;
  const inside = range.points.filter(({ time }) => time > range.start && time < range.end);
  return [
    { time: range.start, sample: leftOf(range, ends[0]) },
    ...inside,
    { time: range.end, sample: rightOf(range, ends[1]) },
  ];
}
