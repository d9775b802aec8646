import { multiply, type NativeHistogram } from './histogram.ts';
import { isReset, merge } from './histogram-merge.ts';
import type { Sample } from './values.ts';

/** A sample at a time in ms. */
export interface Point {
  time: number;
  sample: Sample;
}

/** What is worth a word about histograms that were put together. */
export type Merging = (merged: { boundsDiffer: boolean; hintsCollide: boolean }) => void;

export const isHistogram = (sample: Sample): sample is NativeHistogram =>
  typeof sample !== 'number';

/** `a + sign · b` of one kind. @throws IncompatibleHistograms */
export function combine(a: Sample, b: Sample, sign: 1 | -1, said: Merging): Sample {
  if (!isHistogram(a) || !isHistogram(b)) return (a as number) + sign * (b as number);
  const merged = merge(a, b, sign);
  // resets are counted here, so that they meet is nothing to speak of
  said({ boundsDiffer: merged.boundsDiffer, hintsCollide: false });
  return merged.result;
}

export const times = (sample: Sample, factor: number): Sample =>
  isHistogram(sample) ? multiply(sample, factor) : sample * factor;

/** Whether a counter began anew. */
export function beganAnew(after: Sample, before: Sample): boolean {
  return isHistogram(after) && isHistogram(before) ? isReset(after, before) : after < before;
}

/** The sample on the straight line between two; a counter that began anew between them rose from 0. @throws IncompatibleHistograms */
export function interpolate(
  [a, b]: [Point, Point],
  time: number,
  counter: boolean,
  said: Merging,
): Sample {
  if (time === a.time) return a.sample;
  if (time === b.time) return b.sample;
  const fraction = (time - a.time) / (b.time - a.time);
  if (counter && beganAnew(b.sample, a.sample)) return times(b.sample, fraction);
  return combine(times(combine(b.sample, a.sample, -1, said), fraction), a.sample, 1, said);
}
