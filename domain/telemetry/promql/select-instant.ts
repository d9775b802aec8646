import type { VectorSelector } from './ast.ts';
import { type Evaluation, referenceTime } from './evaluation.ts';
import {
  emptySeries,
  type Grid,
  isEmpty,
  putSample,
  type Series,
  type StoredSeries,
} from './values.ts';

/** Index of the last time that is not after `time`, -1 where there is none. `from` is where to begin to look. */
export function lastNotAfter(times: Float64Array, time: number, from = 0): number {
  let low = from;
  let high = times.length;
  if (low > 0 && times[low - 1]! > time) low = 0;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Index of the sample that counts at `time`, -1 where there is none: the newest within the look-back, unless the series ended. */
function indexAt(
  { times, stale }: StoredSeries,
  time: number,
  lookback: number,
  from: number,
): number {
  const index = lastNotAfter(times, time, from);
  if (index < 0 || times[index]! <= time - lookback || stale?.[index] === 1) return -1;
  return index;
}

/**
 * The values of a selector at each point.
 * @param timestamps with true the seconds of the samples instead of their values
 */
export function selectInstant(
  evaluation: Evaluation,
  selector: VectorSelector,
  grid: Grid,
  timestamps = false,
): Series[] {
  const reference = referenceTime(evaluation, selector);
  const result: Series[] = [];
  for (const stored of evaluation.samples.get(selector) ?? []) {
    const series = emptySeries(stored.labels, false, grid.count);
    let from = 0;
    for (let at = 0; at < grid.count; at++) {
      const index = indexAt(
        stored,
        reference(grid.start + at * grid.step),
        evaluation.lookback,
        from,
      );
      if (index < 0) continue;
      from = index;
      const value = timestamps ? stored.times[index]! / 1000 : stored.values[index]!;
      putSample(series, at, timestamps ? value : (stored.histograms?.[index] ?? value));
    }
    evaluation.spend(grid.count, selector.span);
    if (!isEmpty(series)) result.push(series);
  }
  return result;
}
