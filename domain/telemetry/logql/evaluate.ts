import type { Matcher } from '../promql/ast.ts';
import {
  evaluateQuery,
  type QueryOptions,
  type QueryResult,
  type SampleSource,
} from '../promql/evaluate.ts';
import type { Labels } from '../promql/labels.ts';
import { PromqlError } from '../promql/problem.ts';
import type { StoredSeries } from '../promql/values.ts';
import type { LogQuery, LogRange, MetricQuery } from './ast.ts';
import { rangeLabel } from './parse-metric.ts';
import { compileStages, type Entry, errorLabel, filterStep } from './stages.ts';
import { parseAs } from './units.ts';

/** Where records come from. */
export interface LogSource {
  /**
   * Records of the streams that fulfil the matchers, after `from` and up to `to` (ms), in order of time (`forward`) or
   * against it. `hint`: words that each of them has to hold, so that what cannot is not read.
   */
  read: (wanted: {
    matchers: readonly Matcher[];
    hint: readonly string[];
    from: number;
    to: number;
    direction: 'forward' | 'backward';
  }) => AsyncIterable<readonly Entry[]>;
}

/** Texts that every line of a query has to hold as it was stored. */
function hintOf({ stages }: LogQuery): string[] {
  const texts: string[] = [];
  for (const stage of stages) {
    if (stage.kind === 'line_format') break;
    if (stage.kind === 'line' && stage.op === '|=' && stage.values.length === 1)
      texts.push(stage.values[0]!);
  }
  return texts;
}

export interface FoundLines {
  entries: Entry[];
  /** records that were looked at */
  seen: number;
  /** there are more */
  more: boolean;
}

/** The first `limit` lines of a query in its direction. @throws PromqlError of a pattern that is none */
export async function findLines(
  query: LogQuery,
  {
    source,
    from,
    to,
    limit,
    direction,
  }: {
    source: LogSource;
    from: number;
    to: number;
    limit: number;
    direction: 'forward' | 'backward';
  },
): Promise<FoundLines> {
  const step = compileStages(query.stages);
  const entries: Entry[] = [];
  let seen = 0;
  for await (const batch of source.read({
    matchers: query.matchers,
    hint: hintOf(query),
    from,
    to,
    direction,
  })) {
    for (const record of batch) {
      seen += 1;
      const entry = step(record);
      if (entry === null) continue;
      if (entries.length === limit) return { entries, seen, more: true };
      entries.push(entry);
    }
  }
  return { entries, seen, more: false };
}

/** Numbers that a query makes of lines, at each point of a grid. @throws PromqlError */
export async function evaluateMetric(
  { expr, ranges }: MetricQuery,
  options: Omit<QueryOptions, 'source'> & { source: LogSource },
): Promise<QueryResult> {
  const source: SampleSource = {
    select: async (matchers, from, to) => {
      const index = Number(matchers.find(({ name }) => name === rangeLabel)?.value);
      return await seriesOf(ranges[index]!, options.source, { from, to });
    },
  };
  return await evaluateQuery(expr, { ...options, source });
}

async function seriesOf(
  range: LogRange,
  source: LogSource,
  { from, to }: { from: number; to: number },
): Promise<StoredSeries[]> {
  const step = compileStages(range.query.stages);
  const number = numberOf(range);
  const series = new Map<string, { labels: Labels; times: number[]; values: number[] }>();
  const { matchers } = range.query;
  for await (const batch of source.read({
    matchers,
    hint: hintOf(range.query),
    from,
    to,
    direction: 'forward',
  })) {
    for (const record of batch) {
      const entry = step(record);
      const found = entry && number(entry);
      if (found === null) continue;
      const labels = grouped(range, found.labels);
      const own = series.get(labels.key) ?? { labels, times: [], values: [] };
      own.times.push(record.time);
      own.values.push(found.value);
      series.set(labels.key, own);
    }
  }
  return [...series.values()].map(({ labels, times, values }) => ({
    labels,
    times: Float64Array.from(times),
    values: Float64Array.from(values),
    stale: null,
    histograms: null,
  }));
}

function grouped({ grouping }: LogRange, labels: Labels): Labels {
  if (grouping === null) return labels;
  const names = new Set(grouping.labels);
  return grouping.without ? labels.without(names) : labels.only(names);
}

/** The number of a line, and the labels that are left with it. @throws PromqlError where a stage could not read a line */
function numberOf({
  value,
  query,
}: LogRange): (entry: Entry) => { value: number; labels: Labels } | null {
  const refuseErrors = ({ labels }: Entry): void => {
    const error = labels.get(errorLabel);
    if (error === '') return;
    throw new PromqlError(
      `a line could not be read (${error}): | ${errorLabel}="" leaves such lines out`,
      query.span,
      'failed',
    );
  };
  if (value === 'line' || value === 'bytes') {
    return (entry) => {
      refuseErrors(entry);
      return { value: value === 'line' ? 1 : Buffer.byteLength(entry.line), labels: entry.labels };
    };
  }
  const filters = value.filters.map(filterStep);
  const name = new Set([value.label]);
  return (entry) => {
    const text = entry.labels.get(value.label);
    if (text === '') return null;
    const number = parseAs(value.conversion, text);
    let marked: Entry | null =
      number === null
        ? { ...entry, labels: entry.labels.with(errorLabel, 'SampleExtractionErr') }
        : entry;
    for (const filter of filters) marked = marked && filter(marked);
    if (marked === null) return null;
    refuseErrors(marked);
    return { value: number!, labels: marked.labels.without(name) };
  };
}
