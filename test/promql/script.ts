import { parseDuration, parseNumber, parseString } from '../../domain/telemetry/promql/literals.ts';
import type { NativeHistogram } from '../../domain/telemetry/promql/histogram.ts';
import { merge } from '../../domain/telemetry/promql/histogram-merge.ts';
import { type LabelPair, Labels, metricNameLabel } from '../../domain/telemetry/promql/labels.ts';
import { parseHistogram } from './script-histogram.ts';

/** A value of a series in a script: a number, none, or the end of the series. `other`: a kind that is not known here. */
export type ScriptValue = number | NativeHistogram | 'none' | 'stale' | 'other';

export interface ScriptSeries {
  labels: Labels;
  /** a value alone, without braces or a name */
  bare: boolean;
  values: ScriptValue[];
}

export interface Expectation {
  kind: 'fail' | 'warn' | 'info' | 'no_warn' | 'no_info' | 'ordered' | 'range vector' | 'string';
  text: string;
}

export interface Evaluation {
  command: 'eval';
  line: number;
  query: string;
  /** seconds */
  from: number;
  to: number;
  /** null: at one point */
  step: number | null;
  expect: Expectation[];
  series: ScriptSeries[];
}

export type Command =
  | { command: 'clear' }
  /** `nhcb`: classic histograms as native ones, too */
  | { command: 'load'; interval: number; nhcb: boolean; series: ScriptSeries[] }
  | Evaluation;

const at = { from: 0, to: 0 };

/** Of a duration or a number, which may be negative. */
export function seconds(text: string): number {
  return (
    parseDuration(text) ??
    (text.startsWith('-') ? -(parseDuration(text.slice(1)) ?? Number(text.slice(1))) : Number(text))
  );
}

/** Reads a script of promqltest's language. What it cannot read is thrown, with the line. */
export function parseScript(text: string): Command[] {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, '').trim());
  const commands: Command[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!;
    if (line === '' || line.startsWith('#')) continue;
    const body: string[] = [];
    while (index + 1 < lines.length && lines[index + 1] !== '') {
      const next = lines[++index]!;
      if (next.startsWith('#')) continue;
      // a command may follow without an empty line between
      if (
        /^(?:load|clear|eval)/.test(next) &&
        /^(?:load(?:_with_nhcb)? \S|clear$|eval(?:_\w+)? (?:instant|range))/.test(next)
      ) {
        index -= 1;
        break;
      }
      body.push(next);
    }
    commands.push(parseCommand(line, body, index));
  }
  return commands;
}

function parseCommand(line: string, body: string[], number: number): Command {
  if (line === 'clear') return { command: 'clear' };
  const load = /^load(_with_nhcb)?\s+(\S+)/.exec(line);
  if (load) {
    const nhcb = load[1] !== undefined;
    return { command: 'load', interval: seconds(load[2]!), nhcb, series: body.map(parseSeries) };
  }
  const instant = /^eval(?:_(fail|warn|info|ordered))?\s+instant\s+(?:at\s+(\S+)\s+)?(.*)$/.exec(
    line,
  );
  const range =
    /^eval(?:_(fail|warn|info|ordered))?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.*)$/.exec(
      line,
    );
  const kind = (instant ?? range)?.[1];
  if (!instant && !range) throw new Error(`line ${String(number)}: ${line}`);
  const expect: Expectation[] =
    kind === undefined ? [] : [{ kind: kind as Expectation['kind'], text: '' }];
  const series: ScriptSeries[] = [];
  for (const one of body) {
    const said =
      /^expect(?:ed_fail_message)?\s+(fail|warn|info|no_warn|no_info|ordered|range vector|string)\b(.*)$/.exec(
        one,
      );
    if (said) expect.push({ kind: said[1] as Expectation['kind'], text: said[2]!.trim() });
    else if (!one.startsWith('expected_fail')) series.push(parseSeries(one));
  }
  const [from, to, step, query] = instant
    ? [seconds(instant[2] ?? '0'), seconds(instant[2] ?? '0'), null, instant[3]!]
    : [seconds(range![2]!), seconds(range![3]!), seconds(range![4]!), range![5]!];
  return { command: 'eval', line: number, query, from, to, step, expect, series };
}

/** End of the selector at the beginning of a line. */
function endOfSelector(line: string): number {
  let end = /^[\p{L}_:][\p{L}\p{N}_:.]*/u.exec(line)?.[0].length ?? 0;
  if (line[end] !== '{' || line[end + 1] === '{') return end;
  let quote: string | null = null;
  for (; end < line.length; end++) {
    const char = line[end]!;
    if (quote !== null) {
      if (char === '\\') end += 1;
      else if (char === quote) quote = null;
    } else if (char === '"' || char === "'" || char === '`') quote = char;
    else if (char === '}') return end + 1;
  }
  return end;
}

function parseSeries(line: string): ScriptSeries {
  const isBare = /^(?:[-+]?(?:\d|\.\d|inf\b|nan\b)|\{\{)/i.test(line);
  const end = isBare ? 0 : endOfSelector(line);
  const selector = line.slice(0, end);
  return {
    labels: parseLabels(selector),
    bare: isBare,
    values: parseValues(line.slice(end).trim()),
  };
}

function parseLabels(selector: string): Labels {
  const open = selector.indexOf('{');
  const name = open < 0 ? selector : selector.slice(0, open);
  const pairs: LabelPair[] = name === '' ? [] : [[metricNameLabel, name]];
  const inner = open < 0 ? '' : selector.slice(open + 1, -1);
  const text =
    /((?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|[\p{L}\p{N}_:.]+))\s*(?:=\s*("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`))?/gu;
  for (const [, key, value] of inner.matchAll(text)) {
    const label = /^["'`]/.test(key!) ? parseString(key!, at) : key!;
    if (value === undefined) pairs.push([metricNameLabel, label]);
    else pairs.push([label, parseString(value, at)]);
  }
  return Labels.of(pairs);
}

const number = String.raw`[-+]?(?:\d[\d_]*(?:\.\d*)?(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?|inf|nan)`;
const item = new RegExp(String.raw`^(${number})(?:([-+])(${number}))?(?:x(\d+))?$`, 'i');

const histogram = /^(\{\{[^]*?\}\})(?:([-+])(\{\{[^]*?\}\}))?(?:x(\d+))?$/;

function parseHistograms([, first, sign, step, times]: RegExpExecArray): ScriptValue[] {
  let value: NativeHistogram = parseHistogram(first!);
  const values: ScriptValue[] = [value];
  for (let index = 0; index < Number(times ?? 0); index++) {
    if (step !== undefined) {
      const { hint } = value;
      value = { ...merge(value, parseHistogram(step), sign === '-' ? -1 : 1).result, hint };
    }
    values.push(value);
  }
  return values;
}

function parseNumbers([, first, sign, by, times]: RegExpExecArray): ScriptValue[] {
  const start = parseNumber(first!, at);
  const step = by === undefined ? 0 : parseNumber(by, at) * (sign === '-' ? -1 : 1);
  // step by step, as Prometheus does: where a bound is met, the last digit counts
  const values: ScriptValue[] = [start];
  for (let index = 0, value = start; index < Number(times ?? 0); index++) {
    if (step !== 0) value += step;
    values.push(value);
  }
  return values;
}

/** `1+2x3`, `_x4`, `stale`, a number, histograms. */
export function parseValues(text: string): ScriptValue[] {
  const parts = text.match(/(?:\{\{[^]*?\}\}|[^\s{])+/g) ?? [];
  return parts.flatMap((part): ScriptValue[] => {
    const blank = /^_(?:x(\d+))?$/.exec(part);
    if (blank) return Array<ScriptValue>(Number(blank[1] ?? 1)).fill('none');
    if (part === 'stale') return ['stale'];
    const found = histogram.exec(part);
    if (found) return parseHistograms(found);
    const numbers = item.exec(part);
    return numbers ? parseNumbers(numbers) : ['other'];
  });
}
