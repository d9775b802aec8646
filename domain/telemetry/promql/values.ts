import type { NativeHistogram } from './histogram.ts';
import type { Labels } from './labels.ts';

/** What a series has at a time. */
export type Sample = number | NativeHistogram;

/** Points in time that a query is evaluated at, ms. */
export interface Grid {
  start: number;
  /** more than 0, also where there is one point */
  step: number;
  count: number;
}

/** Samples of one series as they are stored, by rising time. */
export interface StoredSeries {
  labels: Labels;
  /** ms */
  times: Float64Array;
  values: Float64Array;
  /** 1 where the series ended (a staleness marker) and there is no value */
  stale: Uint8Array | null;
  /** in the place of values that are histograms; null: there are none */
  histograms: readonly (NativeHistogram | null)[] | null;
}

/** One value a point of the grid, or none. */
export interface Series {
  labels: Labels;
  /** its name is not that of what it holds: taken away at the end, unless a function wrote it anew */
  dropName: boolean;
  values: Float64Array;
  /** 1 where there is a float, 2 where there is a histogram */
  present: Uint8Array;
  histograms: (NativeHistogram | null)[] | null;
}

export type Value =
  | { type: 'scalar'; values: Float64Array }
  | { type: 'string'; value: string }
  | { type: 'vector'; series: Series[] };

export function emptySeries(labels: Labels, dropName: boolean, count: number): Series {
  return {
    labels,
    dropName,
    values: new Float64Array(count),
    present: new Uint8Array(count),
    histograms: null,
  };
}

export function isEmpty({ present }: Series): boolean {
  return present.every((kind) => kind === 0);
}

export function sampleAt({ present, values, histograms }: Series, at: number): Sample | undefined {
  if (present[at] === 1) return values[at];
  return present[at] === 2 ? histograms![at]! : undefined;
}

export function putSample(series: Series, at: number, sample: Sample): void {
  if (typeof sample === 'number') {
    series.values[at] = sample;
    series.present[at] = 1;
    return;
  }
  series.histograms ??= Array<NativeHistogram | null>(series.present.length).fill(null);
  series.histograms[at] = sample;
  series.present[at] = 2;
}

/** A series whose floats are what `change` makes of them; undefined takes one away, and histograms go. */
export function mapSeries(
  series: Series,
  change: (value: number, at: number) => Sample | undefined,
  dropName = true,
): Series {
  return mapSamples(
    series,
    (sample, at) => (typeof sample === 'number' ? change(sample, at) : undefined),
    dropName,
  );
}

/** A series whose samples are what `change` makes of them; undefined takes one away. */
export function mapSamples(
  series: Series,
  change: (sample: Sample, at: number) => Sample | undefined,
  dropName = true,
): Series {
  const result = emptySeries(series.labels, dropName || series.dropName, series.values.length);
  for (let at = 0; at < series.values.length; at++) {
    const sample = sampleAt(series, at);
    if (sample === undefined) continue;
    const changed = change(sample, at);
    if (changed !== undefined) putSample(result, at, changed);
  }
  return result;
}

/** Collects values by labels, each point once. */
export class SeriesBuilder {
  private readonly series = new Map<string, Series>();
  private readonly count: number;

  /** @param count points of the grid */
  constructor(count: number) {
    this.count = count;
  }

  /** @returns false when there is a value of these labels at this point already */
  set(labels: Labels, at: number, sample: Sample, dropName: boolean): boolean {
    let series = this.series.get(labels.key);
    if (series === undefined) {
      series = emptySeries(labels, dropName, this.count);
      this.series.set(labels.key, series);
    }
    if (series.present[at] !== 0) return false;
    putSample(series, at, sample);
    if (dropName) series.dropName = true;
    return true;
  }

  /** In the order in which their first values came. */
  build(): Series[] {
    return [...this.series.values()];
  }
}
