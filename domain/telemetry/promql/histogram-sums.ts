import { type BucketCounts, countsOf, type NativeHistogram, scale } from './histogram.ts';
import { align, hasOverflow, merge } from './histogram-merge.ts';
import { ExactSum } from './sums.ts';

export interface HistogramSum {
  result: NativeHistogram;
  /** a counter reset and its denial met */
  hintsCollide: boolean;
  /** bounds differed: what all have is left */
  boundsDiffer: boolean;
}

const exactly = (values: Iterable<number>): number => {
  const sum = new ExactSum();
  for (const value of values) sum.add(value);
  return sum.value;
};

function addCounts(all: readonly BucketCounts[]): BucketCounts {
  const sums = new Map<number, ExactSum>();
  for (const counts of all) {
    for (const [index, count] of counts) {
      const sum = sums.get(index) ?? new ExactSum();
      sum.add(count);
      sums.set(index, sum);
    }
  }
  return countsOf([...sums].map(([index, sum]) => [index, sum.value] as const));
}

/** The sum of histograms, each number of it without what rounding loses. @throws IncompatibleHistograms */
export function sumOfHistograms(histograms: readonly NativeHistogram[]): HistogramSum {
  const [first, ...rest] = histograms;
  let shape = first!;
  let boundsDiffer = false;
  for (const histogram of rest) {
    const merged = merge(shape, histogram, 1);
    shape = merged.result;
    boundsDiffer ||= merged.boundsDiffer;
  }
  // of one shape, as they all meet in the sum
  const aligned = histograms.map((histogram) => align(histogram, shape).left);
  const hints = new Set(histograms.map(({ hint }) => hint));
  const result: NativeHistogram = {
    ...shape,
    count: exactly(aligned.map(({ count }) => count)),
    sum: exactly(aligned.map(({ sum }) => sum)),
    zeroCount: exactly(aligned.map(({ zeroCount }) => zeroCount)),
    positive: addCounts(aligned.map(({ positive }) => positive)),
    negative: addCounts(aligned.map(({ negative }) => negative)),
  };
  return { result, boundsDiffer, hintsCollide: hints.has('reset') && hints.has('not_reset') };
}

/** The mean of histograms, also where their sum leaves the range of floats. @throws IncompatibleHistograms */
export function meanOfHistograms(histograms: readonly NativeHistogram[]): HistogramSum {
  const share = (histogram: NativeHistogram) =>
    scale(histogram, (value) => value / histograms.length);
  const sum = sumOfHistograms(histograms);
  return hasOverflow(sum.result)
    ? sumOfHistograms(histograms.map(share))
    : { ...sum, result: share(sum.result) };
}
