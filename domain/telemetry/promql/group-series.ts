import type { Aggregation } from './ast.ts';
import type { Labels } from './labels.ts';
import { type Sample, sampleAt, type Series } from './values.ts';

export interface Group {
  labels: Labels;
  members: Series[];
  dropName: boolean;
}

/** Series by the labels that an aggregation keeps, in the order in which they come. */
export function groupSeries(
  series: readonly Series[],
  { grouping, without }: Pick<Aggregation, 'grouping' | 'without'>,
): Group[] {
  const names = new Set(grouping);
  const groups = new Map<string, Group>();
  for (const one of series) {
    const labels = without ? one.labels.without(names).withoutName() : one.labels.only(names);
    const group = groups.get(labels.key) ?? { labels, members: [], dropName: false };
    group.members.push(one);
    group.dropName ||= one.dropName;
    groups.set(labels.key, group);
  }
  return [...groups.values()];
}

/** The samples that a group has at one point. */
export function samplesAt(members: readonly Series[], at: number): Sample[] {
  const samples: Sample[] = [];
  for (const series of members) {
    const sample = sampleAt(series, at);
    if (sample !== undefined) samples.push(sample);
  }
  return samples;
}
