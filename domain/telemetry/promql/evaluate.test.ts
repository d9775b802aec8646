import { describe, expect, it } from '@jest/globals';
import type { Matcher } from './ast.ts';
import { evaluateQuery, type QueryResult, type SampleSource } from './evaluate.ts';
import { type LabelPair, Labels } from './labels.ts';
import { parsePromql } from './parse.ts';
import type { StoredSeries } from './values.ts';

const minute = 60_000;

interface Given {
  labels: Record<string, string>;
  /** a value a minute, from 0; null: the series ended */
  values: (number | null)[];
}

class Memory implements SampleSource {
  readonly reads: { matchers: readonly Matcher[]; from: number; to: number }[] = [];
  private readonly series: StoredSeries[];

  constructor(given: Given[]) {
    this.series = given.map(({ labels, values }) => ({
      labels: Labels.of(Object.entries(labels) as LabelPair[]),
      times: Float64Array.from(values, (_, at) => at * minute),
      values: Float64Array.from(values, (value) => value ?? NaN),
      stale: Uint8Array.from(values, (value) => Number(value === null)),
      histograms: null,
    }));
  }

  select(matchers: readonly Matcher[], from: number, to: number): Promise<StoredSeries[]> {
    this.reads.push({ matchers, from, to });
    const fits = ({ labels }: StoredSeries) =>
      matchers.every(({ name, value }) => labels.get(name) === value);
    return Promise.resolve(this.series.filter(fits));
  }
}

const requests: Given[] = [
  { labels: { __name__: 'requests', job: 'api', pod: '1' }, values: [0, 60, 120, 180, 240, 300] },
  { labels: { __name__: 'requests', job: 'api', pod: '2' }, values: [0, 30, 60, 0, 30, 60] },
];

function ask(
  query: string,
  given: Given[],
  { at = 5, count = 1, maxSamples = 1000 } = {},
): Promise<QueryResult> {
  const grid = { start: at * minute, step: minute, count };
  return evaluateQuery(parsePromql(query), { source: new Memory(given), grid, maxSamples });
}

async function valuesOf(
  query: string,
  given: Given[],
  options = {},
): Promise<Record<string, (number | null)[]>> {
  const result = await ask(query, given, options);
  if (result.type !== 'vector') throw new Error(result.type);
  const entries = result.series.map(({ labels, values, present }) => [
    labels.toString(),
    [...values].map((value, at) => (present[at] === 1 ? value : null)),
  ]);
  return Object.fromEntries(entries) as Record<string, (number | null)[]>;
}

describe('evaluating PromQL', () => {
  it('adds up what counters grow in a second, over their resets', async () => {
    // 240 and 90 in the four minutes between five samples, drawn out to five minutes
    expect(await valuesOf('sum by (job) (rate(requests[5m]))', requests)).toEqual({
      '{job="api"}': [expect.closeTo(1 + 0.375, 6)],
    });
  });

  it('counts a sample for five minutes, and not once its series ended', async () => {
    const given: Given[] = [
      { labels: { __name__: 'a' }, values: [1] },
      { labels: { __name__: 'a', b: 'c' }, values: [1, null] },
    ];
    expect(await valuesOf('a', given, { at: 0, count: 7 })).toEqual({
      a: [1, 1, 1, 1, 1, null, null],
      'a{b="c"}': [1, null, null, null, null, null, null],
    });
  });

  it('refuses partners that are not one, and says which they are', async () => {
    await expect(ask('requests / on(job) requests', requests)).rejects.toThrow(
      /duplicate series for the match group \{job="api"\}.*pod="1".*pod="2"/,
    );
  });

  it('takes the names of what is no metric any more away, and refuses series that become one by that', async () => {
    const given = [
      ...requests,
      { labels: { __name__: 'other', job: 'api', pod: '1' }, values: [1, 1, 1, 1, 1, 1] },
    ];
    expect(await valuesOf('-requests{pod="1"}', given)).toEqual({ '{job="api", pod="1"}': [-300] });
    await expect(ask('-{pod="1"}', given)).rejects.toThrow(/same labelset/);
  });

  it('reads each selector once, for no more time than it looks at', async () => {
    const source = new Memory(requests);
    const grid = { start: 5 * minute, step: minute, count: 1 };
    await evaluateQuery(parsePromql('rate(requests[2m] offset 1m) + requests @ 60'), {
      source,
      grid,
    });
    expect(source.reads.map(({ from, to }) => [from / minute, to / minute])).toEqual([
      [2, 4],
      [-4, 1],
    ]);
  });

  it('refuses what it cannot evaluate rather than answer something else', async () => {
    await expect(ask('info(requests)', requests)).rejects.toMatchObject({
      reason: 'unsupported',
      span: { from: 0, to: 14 },
    });
  });

  it('stops at the limit of samples', async () => {
    await expect(
      ask('sum_over_time(requests[5m])', requests, { maxSamples: 9 }),
    ).rejects.toMatchObject({
      reason: 'limit',
    });
  });
});
