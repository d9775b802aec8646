import type { Call } from './ast.ts';
import type { Evaluation } from './evaluation.ts';
import {
  divide,
  isCustom,
  isSameHistogram,
  multiply,
  type NativeHistogram,
  scale,
} from './histogram.ts';
import { IncompatibleHistograms, isReset, merge, toSchema } from './histogram-merge.ts';
import { isHistogram, type Point } from './interpolate.ts';
import { meanOfHistograms, sumOfHistograms } from './histogram-sums.ts';
import { noteMerged, noteOf } from './notes.ts';
import type { RangeFunction } from './range-functions.ts';
import { drawnOut } from './rates.ts';
import type { Sample } from './values.ts';
import { pointsOf, type Window } from './windows.ts';

/** Functions that look at samples of any kind in their order. */
const ofAnyKind: ReadonlyMap<string, (points: readonly Point[]) => Sample | undefined> = new Map<
  string,
  (points: readonly Point[]) => Sample | undefined
>([
  ['changes', (points) => countPairs(points, (before, after) => !isSame(before, after))],
  ['count_over_time', (points) => points.length],
  ['first_over_time', (points) => points[0]!.sample],
  ['last_over_time', (points) => points.at(-1)!.sample],
  ['present_over_time', () => 1],
  ['resets', (points) => countPairs(points, isFall)],
  ['ts_of_first_over_time', (points) => points[0]!.time / 1000],
  ['ts_of_last_over_time', (points) => points.at(-1)!.time / 1000],
]);

function countPairs(
  points: readonly Point[],
  counts: (before: Sample, after: Sample) => boolean,
): number {
  return points.slice(1).filter(({ sample }, at) => counts(points[at]!.sample, sample)).length;
}

function isSame(a: Sample, b: Sample): boolean {
  if (isHistogram(a) || isHistogram(b))
    return isHistogram(a) && isHistogram(b) && isSameHistogram(a, b);
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

/** Another kind of sample is another counter. */
function isFall(before: Sample, after: Sample): boolean {
  if (isHistogram(before) && isHistogram(after)) return isReset(after, before);
  return isHistogram(before) || isHistogram(after) || after < before;
}

type OfHistograms = (
  points: readonly { time: number; sample: NativeHistogram }[],
  window: Window,
  notes: Notes,
) => NativeHistogram | undefined;

const ofHistogramsOnly: ReadonlyMap<string, OfHistograms> = new Map<string, OfHistograms>([
  [
    'avg_over_time',
    (points, _, notes) => notes.summed(meanOfHistograms(points.map(({ sample }) => sample))),
  ],
  [
    'delta',
    (points, window, notes) =>
      histogramDelta(points, window, notes, { counter: false, perSecond: false }),
  ],
  ['idelta', (points, _, notes) => lastDelta(points, notes, false)],
  [
    'increase',
    (points, window, notes) =>
      histogramDelta(points, window, notes, { counter: true, perSecond: false }),
  ],
  ['irate', (points, _, notes) => lastDelta(points, notes, true)],
  [
    'rate',
    (points, window, notes) =>
      histogramDelta(points, window, notes, { counter: true, perSecond: true }),
  ],
  [
    'sum_over_time',
    (points, _, notes) => notes.summed(sumOfHistograms(points.map(({ sample }) => sample))),
  ],
]);

/** What is said of histograms in a range. */
class Notes {
  private readonly evaluation: Evaluation;
  private readonly call: Call;

  constructor(evaluation: Evaluation, call: Call) {
    this.evaluation = evaluation;
    this.call = call;
  }

  say(severity: 'warning' | 'info', message: string): void {
    this.evaluation.note(noteOf(severity, message, this.call.span));
  }

  summed<T extends { result: NativeHistogram; hintsCollide: boolean; boundsDiffer: boolean }>(
    merged: T,
  ): NativeHistogram {
    noteMerged(this.evaluation, merged, this.call.span);
    return merged.result;
  }

  bounds({ boundsDiffer }: { boundsDiffer: boolean }): void {
    noteMerged(this.evaluation, { boundsDiffer, hintsCollide: false }, this.call.span);
  }

  kind(histograms: readonly NativeHistogram[], counter: boolean): void {
    const isGauge = ({ hint }: NativeHistogram) => hint === 'gauge';
    if (counter && histograms.some(isGauge))
      this.say('warning', `${this.call.name} of a histogram that is no counter`);
    if (!counter && !histograms.every(isGauge))
      this.say('warning', `${this.call.name} of a histogram that is no gauge`);
  }
}

/** A range function as it is for a series that may hold histograms. */
export function withHistograms(
  evaluation: Evaluation,
  call: Call,
  ofFloats: RangeFunction,
): RangeFunction {
  const notes = new Notes(evaluation, call);
  return (window, parameters, time) => {
    const points = pointsOf(window);
    const anyKind = ofAnyKind.get(call.name);
    if (anyKind !== undefined) return anyKind(points);
    const histograms = points.filter((point): point is { time: number; sample: NativeHistogram } =>
      isHistogram(point.sample),
    );
    const floats = points.length - histograms.length;
    const only = ofHistogramsOnly.get(call.name);
    if (histograms.length === 0 || only === undefined) {
      if (floats === 0) return undefined;
      const value = ofFloats(floatsOf(window, points), parameters, time);
      if (histograms.length > 0) notes.say('info', `histograms are left out by ${call.name}`);
      return value;
    }
    const isInstant = call.name === 'irate' || call.name === 'idelta';
    const counted = isInstant ? points.slice(-2) : points;
    const kinds = new Set(counted.map(({ sample }) => isHistogram(sample)));
    if (kinds.size > 1) {
      notes.say('warning', `floats and histograms are mixed in a range of ${call.name}`);
      return undefined;
    }
    if (kinds.has(false)) return ofFloats(floatsOf(window, points), parameters, time);
    return orNothing(notes, () => only(histograms, window, notes));
  };
}

function orNothing(
  notes: Notes,
  make: () => NativeHistogram | undefined,
): NativeHistogram | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof IncompatibleHistograms)) throw error;
    notes.say('warning', 'histograms with exponential and with custom buckets are mixed');
    return undefined;
  }
}

function floatsOf(window: Window, points: readonly Point[]): Window {
  const floats = points.filter(({ sample }) => !isHistogram(sample));
  return {
    ...window,
    histograms: null,
    times: Float64Array.from(floats, ({ time }) => time),
    values: Float64Array.from(floats, ({ sample }) => sample as number),
    low: 0,
    high: floats.length,
  };
}

const emptied = (histogram: NativeHistogram): NativeHistogram => ({
  ...scale(histogram, () => 0),
  zeroThreshold: 0,
  hint: 'unknown',
});

/** As of floats: growth from first to last, resets added, drawn out to the ends of the range. */
function histogramDelta(
  points: readonly { time: number; sample: NativeHistogram }[],
  window: Window,
  notes: Notes,
  { counter, perSecond }: { counter: boolean; perSecond: boolean },
): NativeHistogram | undefined {
  if (points.length < 2) return undefined;
  const histograms = points.map(({ sample }) => sample);
  const growth = growthOf(histograms, notes, counter);
  const factor = drawnOut(window, {
    first: points[0]!.time,
    last: points.at(-1)!.time,
    gaps: points.length - 1,
    firstValue: histograms[0]!.count,
    change: growth.count,
    counter,
  });
  const length = (window.end - window.start) / 1000;
  return { ...multiply(growth, perSecond ? factor / length : factor), hint: 'gauge' };
}

function growthOf(
  histograms: readonly NativeHistogram[],
  notes: Notes,
  counter: boolean,
): NativeHistogram {
  let [first] = histograms as [NativeHistogram];
  const last = histograms.at(-1)!;
  notes.kind(counter ? histograms : [first, last], counter);
  // after a reset the shape of the first one's buckets does not matter
  const second = histograms[1]!;
  if (counter && isReset(second, first)) first = emptied(second);
  const others = counter ? [first, ...histograms.slice(1)] : [first, last];
  if (others.some((one) => isCustom(one) !== isCustom(last))) throw new IncompatibleHistograms();
  const schema = Math.min(...others.map((one) => one.schema));
  const difference = merge(toSchema(last, schema), first, -1);
  notes.bounds(difference);
  let sum = difference.result;
  if (!counter) return sum;
  let before = first;
  for (const histogram of histograms.slice(1)) {
    if (isReset(histogram, before)) {
      const added = merge(sum, before, 1);
      notes.bounds(added);
      sum = added.result;
    }
    before = histogram;
  }
  return sum;
}

function lastDelta(
  points: readonly { time: number; sample: NativeHistogram }[],
  notes: Notes,
  counter: boolean,
): NativeHistogram | undefined {
  if (points.length < 2) return undefined;
  const [before, after] = points.slice(-2) as [(typeof points)[0], (typeof points)[0]];
  const interval = (after.time - before.time) / 1000;
  if (interval === 0) return undefined;
  notes.kind([before.sample, after.sample], counter);
  let result = after.sample;
  if (!counter || !isReset(after.sample, before.sample)) {
    const difference = merge(after.sample, before.sample, -1);
    notes.bounds(difference);
    ({ result } = difference);
  }
  return { ...(counter ? divide(result, interval) : result), hint: 'gauge' };
}
