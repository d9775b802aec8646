import type { Matcher } from '../../domain/telemetry/promql/ast.ts';
import {
  evaluateQuery,
  type QueryResult,
  type SampleSource,
} from '../../domain/telemetry/promql/evaluate.ts';
import type { NativeHistogram } from '../../domain/telemetry/promql/histogram.ts';
import { isReset } from '../../domain/telemetry/promql/histogram-merge.ts';
import { Labels } from '../../domain/telemetry/promql/labels.ts';
import { matcherTest } from '../../domain/telemetry/promql/matcher-test.ts';
import { parsePromql } from '../../domain/telemetry/promql/parse.ts';
import { PromqlError } from '../../domain/telemetry/promql/problem.ts';
import { sampleAt, type StoredSeries } from '../../domain/telemetry/promql/values.ts';
import { asNative } from './classic-as-native.ts';
import {
  type Command,
  type Evaluation,
  parseScript,
  seconds,
  type ScriptSeries,
  type ScriptValue,
} from './script.ts';

interface Point {
  time: number;
  value: ScriptValue;
}

/** Series of a script, in memory. */
export class ScriptSource implements SampleSource {
  private readonly series = new Map<string, { labels: Labels; points: Point[] }>();
  /** metrics with values that are not known here */
  touched = new Set<string>();

  clear(): void {
    this.series.clear();
  }

  load(interval: number, series: readonly ScriptSeries[]): void {
    for (const { labels, values } of series) {
      const own = this.series.get(labels.key) ?? { labels, points: [] };
      values.forEach((value, at) => {
        if (value !== 'none') own.points.push({ time: Math.round(at * interval * 1000), value });
      });
      own.points.sort((a, b) => a.time - b.time);
      own.points = withHints(own.points);
      this.series.set(labels.key, own);
    }
  }

  select(matchers: readonly Matcher[], from: number, to: number): Promise<StoredSeries[]> {
    const tests = matchers.map((matcher) => ({
      name: matcher.name,
      fits: matcherTest(matcher, { from: 0, to: 0 }),
    }));
    const found = [...this.series.values()].filter(({ labels }) =>
      tests.every(({ name, fits }) => fits(labels.get(name))),
    );
    return Promise.resolve(
      found.map(({ labels, points }) => {
        if (points.some(({ value }) => value === 'other')) {
          throw new PromqlError(
            'samples with start times are not known here',
            { from: 0, to: 0 },
            'unsupported',
          );
        }
        const inside = points.filter(({ time }) => time > from && time <= to);
        return {
          labels,
          times: Float64Array.from(inside, ({ time }) => time),
          values: Float64Array.from(inside, ({ value }) =>
            typeof value === 'number' ? value : NaN,
          ),
          stale: Uint8Array.from(inside, ({ value }) => (value === 'stale' ? 1 : 0)),
          histograms: inside.some(({ value }) => typeof value === 'object')
            ? inside.map(({ value }) => (typeof value === 'object' ? value : null))
            : null,
        };
      }),
    );
  }
}

/** As a store does that sees samples come: it knows of each counter whether it began anew. */
function withHints(points: readonly Point[]): Point[] {
  let before: NativeHistogram | null = null;
  return points.map(({ time, value }) => {
    if (typeof value !== 'object') {
      before = null;
      return { time, value };
    }
    const own: NativeHistogram = value;
    const last: NativeHistogram | null = before;
    before = own;
    if (own.hint !== 'unknown' || last === null || last.hint === 'gauge') return { time, value };
    return { time, value: isReset(own, last) ? own : { ...own, hint: 'not_reset' } };
  });
}

const almost = (a: number, b: number): boolean => {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  if (a === b) return true;
  const sum = Math.abs(a) + Math.abs(b);
  if (a === 0 || b === 0) return Math.abs(a - b) < 1e-6 * 2.3e-308;
  return Math.abs(a - b) / Math.min(sum, Number.MAX_VALUE) < 1e-6;
};

const sameCounts = (a: NativeHistogram['positive'], b: NativeHistogram['positive']): boolean =>
  a.size === b.size && [...a].every(([index, count]) => almost(count, b.get(index) ?? NaN));

/** @param a as expected: its hint counts where the script says one */
function sameHistogram(a: NativeHistogram & { hasHint?: boolean }, b: NativeHistogram): boolean {
  return (
    a.schema === b.schema &&
    almost(a.count, b.count) &&
    almost(a.sum, b.sum) &&
    almost(a.zeroCount, b.zeroCount) &&
    a.zeroThreshold === b.zeroThreshold &&
    sameCounts(a.positive, b.positive) &&
    sameCounts(a.negative, b.negative) &&
    a.bounds.length === b.bounds.length &&
    a.bounds.every((bound, at) => almost(bound, b.bounds[at]!)) &&
    (a.hasHint !== true || a.hint === b.hint)
  );
}

function sameValue(a: ScriptValue, b: ScriptValue): boolean {
  if (typeof a === 'number' && typeof b === 'number') return almost(a, b);
  return typeof a === 'object' && typeof b === 'object' ? sameHistogram(a, b) : a === b;
}

/** The answer as series of a script. */
function asSeries(result: QueryResult): ScriptSeries[] {
  switch (result.type) {
    case 'scalar':
      return [{ labels: Labels.empty, bare: true, values: [...result.values] }];
    case 'vector':
      return result.series.map((one) => ({
        labels: one.labels,
        bare: false,
        values: [...one.values].map((_, at) => sampleAt(one, at) ?? 'none'),
      }));
    case 'matrix':
      return result.series.map(({ labels, values, histograms }) => ({
        labels,
        bare: false,
        values: [...values].map((value, at) => histograms?.[at] ?? value),
      }));
    default:
      return [];
  }
}

export interface Outcome {
  line: number;
  query: string;
  /**
   * `refused`: an error that says that it is not evaluated here; `unsaid`: the right answer, without a note that
   * Prometheus gives, or with one that it does not; `wrong`: another answer than the right one
   */
  outcome: 'passed' | 'refused' | 'unsaid' | 'wrong';
  why: string;
}

function compare(
  expected: readonly ScriptSeries[],
  got: readonly ScriptSeries[],
  ordered: boolean,
  count: number,
): string {
  const show1 = (value: ScriptValue) =>
    typeof value === 'object'
      ? JSON.stringify(value, (_, one: unknown) => (one instanceof Map ? [...one] : one))
      : String(value);
  const text = ({ labels, values }: ScriptSeries) =>
    `${labels.toString()} ${values.map(show1).join(' ')}`;
  const show = () => `expected ${expected.map(text).join(' | ')}; got ${got.map(text).join(' | ')}`;
  const filled = (values: readonly ScriptValue[]) => [
    ...values,
    ...Array<ScriptValue>(Math.max(0, count - values.length)).fill('none'),
  ];
  if (expected.length !== got.length) return show();
  const same = expected.every((one, at) => {
    const other = ordered ? got[at] : got.find(({ labels }) => labels.key === one.labels.key);
    if (other?.labels.key !== one.labels.key) return false;
    const values = filled(one.values);
    const others = filled(other.values);
    return (
      values.length === others.length &&
      values.every((value, index) => sameValue(value, others[index]!))
    );
  });
  return same ? '' : show();
}

function missingNotes({ expect }: Evaluation, { annotations }: QueryResult): string {
  const has = (severity: string) => annotations.some((one) => one.severity === severity);
  for (const { kind } of expect) {
    if (kind === 'warn' && !has('warning')) return 'a warning was expected';
    if (kind === 'info' && !has('info')) return 'an info was expected';
    if (kind === 'no_warn' && has('warning'))
      return `no warning was expected: ${annotations[0]!.message}`;
    if (kind === 'no_info' && has('info'))
      return `no info was expected: ${annotations[0]!.message}`;
  }
  return '';
}

/** Times that the samples of a range vector are expected at, ms. */
function rangeOf({ expect }: Evaluation): number[] | null {
  const said = expect.find(({ kind }) => kind === 'range vector');
  const found = said && /from (\S+) to (\S+) step (\S+)/.exec(said.text);
  if (!found) return null;
  const [from, to, step] = found.slice(1).map((text) => Math.round(seconds(text) * 1000)) as [
    number,
    number,
    number,
  ];
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, at) => from + at * step);
}

function onGrid(result: QueryResult, points: readonly number[]): ScriptSeries[] {
  if (result.type !== 'matrix') return asSeries(result);
  return result.series.map(({ labels, times, values, histograms }) => ({
    labels,
    bare: false,
    values: points.map((time) => {
      const at = times.indexOf(time);
      return at < 0 ? 'none' : (histograms?.[at] ?? values[at]!);
    }),
  }));
}

type Checked = Pick<Outcome, 'outcome' | 'why'>;

const asChecked = (wrong: string, unsaid: string): Checked => ({
  outcome: wrong !== '' ? 'wrong' : unsaid !== '' ? 'unsaid' : 'passed',
  why: wrong || unsaid,
});

async function check(source: ScriptSource, command: Evaluation): Promise<Checked> {
  const step = command.step ?? 1;
  const count =
    command.step === null ? 1 : Math.floor((command.to - command.from) / step + 1e-9) + 1;
  const grid = { start: Math.round(command.from * 1000), step: Math.round(step * 1000), count };
  const result = await evaluateQuery(parsePromql(command.query), { source, grid });
  if (command.expect.some(({ kind }) => kind === 'fail'))
    return asChecked('an error was expected', '');
  const text = command.expect.find(({ kind }) => kind === 'string');
  if (text) {
    const same = result.type === 'string' && text.text.includes(result.value);
    return asChecked(same ? '' : 'another string', missingNotes(command, result));
  }
  if (command.series.some(({ values }) => values.includes('other')))
    throw new PromqlError('a histogram', { from: 0, to: 0 }, 'unsupported');
  const ordered = command.expect.some(({ kind }) => kind === 'ordered');
  const points = rangeOf(command);
  const got = points === null ? asSeries(result) : onGrid(result, points);
  const wrong = compare(command.series, got, ordered, points?.length ?? count);
  return asChecked(wrong, missingNotes(command, result));
}

/** Runs a script: one outcome for each `eval`. */
export async function runScript(text: string): Promise<Outcome[]> {
  const source = new ScriptSource();
  const outcomes: Outcome[] = [];
  for (const command of parseScript(text)) await run(source, command, outcomes);
  return outcomes;
}

async function run(source: ScriptSource, command: Command, outcomes: Outcome[]): Promise<void> {
  if (command.command === 'clear') source.clear();
  else if (command.command === 'load') {
    source.load(command.interval, command.series);
    if (command.nhcb) source.load(command.interval, asNative(command.series));
  } else {
    const { line, query } = command;
    try {
      outcomes.push({ line, query, ...(await check(source, command)) });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const isUnsupported = error instanceof PromqlError && error.reason === 'unsupported';
      const isExpected = command.expect.some(({ kind }) => kind === 'fail') && !isUnsupported;
      outcomes.push({
        line,
        query,
        outcome: isExpected ? 'passed' : 'refused',
        why: error instanceof PromqlError ? why : `BUG ${(error as Error).stack ?? ''}`,
      });
    }
  }
}
