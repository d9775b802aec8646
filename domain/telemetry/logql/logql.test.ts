import { describe, expect, it } from '@jest/globals';
import { matcherTest } from '../promql/matcher-test.ts';
import { type LabelPair, Labels } from '../promql/labels.ts';
import { positionIn, PromqlError } from '../promql/problem.ts';
import { evaluateMetric, findLines, type LogSource } from './evaluate.ts';
import { parseLogql } from './parse.ts';
import type { Entry } from './stages.ts';

const minute = 60_000;
const record = (at: number, labels: Record<string, string>, line: string): Entry => ({
  time: at * minute,
  labels: Labels.of(Object.entries(labels) as LabelPair[]),
  line,
});

const records: Entry[] = [
  record(1, { app: 'api', env: 'prod' }, '{"level":"info","took":"1.5s","http":{"status":200}}'),
  record(2, { app: 'api', env: 'prod' }, '{"level":"error","took":"250ms","http":{"status":503}}'),
  record(3, { app: 'web', env: 'prod' }, 'level=error msg="no \\"bread\\"" size=2kB'),
  record(4, { app: 'web', env: 'test' }, 'plain words'),
  record(5, { app: 'api', env: 'prod' }, '{"level":"error","took":"750ms","http":{"status":500}}'),
];

class Memory implements LogSource {
  readonly hints: (readonly string[])[] = [];

  async *read({
    matchers,
    hint,
    from,
    to,
    direction,
  }: Parameters<LogSource['read']>[0]): AsyncIterable<Entry[]> {
    this.hints.push(hint);
    await Promise.resolve();
    const tests = matchers.map(
      (matcher) => [matcher.name, matcherTest(matcher, { from: 0, to: 0 })] as const,
    );
    const found = records.filter(
      ({ time, labels }) =>
        time > from && time <= to && tests.every(([name, fits]) => fits(labels.get(name))),
    );
    yield direction === 'forward' ? found : found.reverse();
  }
}

async function linesOf(
  text: string,
  { limit = 10, source = new Memory() } = {},
): Promise<string[]> {
  const query = parseLogql(text);
  if (query.kind !== 'logs') throw new Error(query.kind);
  const { entries } = await findLines(query.query, {
    source,
    from: 0,
    to: 10 * minute,
    limit,
    direction: 'forward',
  });
  return entries.map(({ time, line }) => `${String(time / minute)} ${line}`);
}

/** Times in minutes of what a query finds. */
const timesOf = async (text: string): Promise<number[]> =>
  (await linesOf(text)).map((line) => Number(line.split(' ')[0]));

async function numbersOf(text: string): Promise<Record<string, number>> {
  const query = parseLogql(text);
  if (query.kind !== 'metric') throw new Error(query.kind);
  const grid = { start: 5 * minute, step: minute, count: 1 };
  const result = await evaluateMetric(query, { source: new Memory(), grid });
  if (result.type === 'scalar') return { '': result.values[0]! };
  if (result.type !== 'vector') throw new Error(result.type);
  return Object.fromEntries(
    result.series.map(({ labels, values }) => [labels.toString(), values[0]!]),
  );
}

describe('lines by LogQL', () => {
  it.each([
    ['{app="api"}', [1, 2, 5]],
    ['{env=~"prod|test"} |= "error"', [2, 3, 5]],
    ['{env="prod"} |= "error" != "503"', [3, 5]],
    ['{env="prod"} |~ "took.*[0-9]{3}ms"', [2, 5]],
    ['{env=~".+"} |= "plain" or "bread"', [3, 4]],
    ['{app="api"} | json | http_status >= 500 and level="error"', [2, 5]],
    ['{app="api"} | json | http_status < 300 or took < 500ms', [1, 2]],
    ['{app="api"} | json code="http.status" | code="503"', [2]],
    ['{app="web"} | logfmt | size > 1.5kB', [3]],
    ['{app="web"} | logfmt | msg="no \\"bread\\""', [3]],
    ['{env=~".+"} | json | __error__=""', [1, 2, 5]],
  ])('finds with %s', async (text, times) => {
    expect(await timesOf(text)).toEqual(times);
  });

  it('writes lines and labels anew', async () => {
    const text =
      '{app="api"} | json | label_format code=http_status | line_format "{{.level}}: {{.code}}" | level="error"';
    expect(await linesOf(text)).toEqual(['2 error: 503', '5 error: 500']);
  });

  it('stops at the limit, and tells the store which words a line must hold', async () => {
    const source = new Memory();
    expect(
      await linesOf('{app="api"} |= "level" |= "took" | line_format "x" |= "x"', {
        limit: 2,
        source,
      }),
    ).toHaveLength(2);
    expect(source.hints).toEqual([['level', 'took']]);
  });
});

describe('numbers by LogQL', () => {
  it.each([
    ['count_over_time({app="api"}[5m])', { '{app="api", env="prod"}': 3 }],
    [
      'sum by (app) (rate({env="prod"} |= "error" [5m])) * 300',
      { '{app="api"}': 2, '{app="web"}': 1 },
    ],
    ['sum(bytes_over_time({app="web"}[5m]))', { '{}': 39 + 11 }],
    [
      'max_over_time({app="api"} | json | unwrap duration(took) [5m]) by (app)',
      { '{app="api"}': 1.5 },
    ],
    [
      'quantile_over_time(0.5, {app="api"} | json | unwrap http_status [5m]) by (app)',
      { '{app="api"}': 500 },
    ],
    ['absent_over_time({app="none"}[5m])', { '{app="none"}': 1 }],
    ['count_over_time({app="api"}[5m]) > 5', {}],
    ['2 + 3 * 4 ^ 2 - 1', { '': 49 }],
    ['(2 + 3) * 4', { '': 20 }],
    ['10 - 4 - 3', { '': 3 }],
  ])('are those of %s', async (text, numbers) => {
    expect(await numbersOf(text)).toEqual(numbers);
  });

  it('are refused where a line could not be read, with the way out', async () => {
    await expect(numbersOf('sum(count_over_time({env="prod"} | json [5m]))')).rejects.toThrow(
      /JSONParserErr.*__error__=""/,
    );
    expect(
      await numbersOf('sum(count_over_time({env="prod"} | json | __error__="" [5m]))'),
    ).toEqual({ '{}': 3 });
  });
});

describe('queries that are no LogQL, or not evaluated here', () => {
  it.each([
    ['{app="api"} |= ', 'invalid', 16, 'end of the query'],
    ['{app=~".*"}', 'invalid', 1, 'does not fit everything'],
    ['{app="api"} |~ "("', 'invalid', 13, 'bad pattern'],
    ['{app="api"} | pattern "<_>"', 'unsupported', 15, 'pattern'],
    ['{app="api"} | line_format "{{ .a | upper }}"', 'unsupported', 15, '{{.label}}'],
    ['sum_over_time({app="api"}[5m])', 'invalid', 1, 'needs | unwrap'],
    ['sum(rate({app="api"}[5m])) + {app="api"}', 'invalid', 30, 'no numbers'],
  ])('%s is said to be so, and where', (text, reason, column, words) => {
    let problem: unknown = null;
    try {
      parseLogql(text);
    } catch (error) {
      problem = error;
    }
    if (!(problem instanceof PromqlError)) throw new Error(`no problem: ${String(problem)}`);
    expect(problem.reason).toBe(reason);
    expect(positionIn(text, problem.span.from).column).toBe(column);
    expect(problem.message).toContain(words);
  });
});
