import type { SyntaxNode } from '@lezer/common';
import type { Aggregation, Binary, Duration, Expr, Span } from '../promql/ast.ts';
import { checkTypes } from '../promql/check-types.ts';
import { parseNumber } from '../promql/literals.ts';
import { PromqlError } from '../promql/problem.ts';
import type { LogRange, MetricQuery, Unwrap } from './ast.ts';
import { type Operator, operatorOf, plainMatching, strengthOf } from './parse-operator.ts';
import { parseLabelFilter, parseLogQuery } from './parse-stages.ts';
import { allOf, childrenOf, spanOf, stringOf, textOf, unsupported } from './syntax.ts';
import { parseGoDuration } from './units.ts';

/** The matcher by which an expression names one of the query's ranges. */
export const rangeLabel = '__range__';

interface Reading {
  text: string;
  ranges: LogRange[];
}

/** How a range aggregation of lines, of their bytes, or of a label is one of numbers; `perSecond`: divided by the range. */
const ofLines: Record<string, { value: 'line' | 'bytes'; function: string; perSecond?: boolean }> =
  {
    absent_over_time: { value: 'line', function: 'absent_over_time' },
    bytes_over_time: { value: 'bytes', function: 'sum_over_time' },
    bytes_rate: { value: 'bytes', function: 'sum_over_time', perSecond: true },
    count_over_time: { value: 'line', function: 'count_over_time' },
    rate: { value: 'line', function: 'count_over_time', perSecond: true },
  };
const ofLabels: Record<string, { function: string; perSecond?: boolean }> = {
  absent_over_time: { function: 'absent_over_time' },
  avg_over_time: { function: 'avg_over_time' },
  first_over_time: { function: 'first_over_time' },
  last_over_time: { function: 'last_over_time' },
  max_over_time: { function: 'max_over_time' },
  min_over_time: { function: 'min_over_time' },
  quantile_over_time: { function: 'quantile_over_time' },
  rate: { function: 'sum_over_time', perSecond: true },
  stddev_over_time: { function: 'stddev_over_time' },
  stdvar_over_time: { function: 'stdvar_over_time' },
  sum_over_time: { function: 'sum_over_time' },
};

/** Reads an expression of numbers into PromQL over series that are made of lines. @throws PromqlError */
export function parseMetric(text: string, node: SyntaxNode): MetricQuery {
  const reading: Reading = { text, ranges: [] };
  const expr = toExpr(reading, node);
  checkTypes(expr);
  return { kind: 'metric', expr, ranges: reading.ranges };
}

function toExpr(reading: Reading, node: SyntaxNode): Expr {
  const span = spanOf(node);
  const { text } = reading;
  switch (node.name) {
    case 'Expr':
      return toExpr(reading, node.firstChild!);
    case 'MetricExpr': {
      const inner = toExpr(reading, node.firstChild!);
      // a bracket is an expression within another
      return node.firstChild!.name === 'MetricExpr' ? { kind: 'paren', span, of: inner } : inner;
    }
    case 'LiteralExpr':
      return { kind: 'number', span, value: parseNumber(textOf(text, node), span) };
    case 'VectorExpr': {
      const literal = node.lastChild!;
      const value = parseNumber(textOf(text, literal), spanOf(literal));
      return {
        kind: 'call',
        span,
        name: 'vector',
        args: [{ kind: 'number', span: spanOf(literal), value }],
      };
    }
    case 'LabelReplaceExpr': {
      const strings = node
        .getChildren('String')
        .map((one): Expr => ({ kind: 'string', span: spanOf(one), value: stringOf(text, one) }));
      return {
        kind: 'call',
        span,
        name: 'label_replace',
        args: [toExpr(reading, node.getChild('MetricExpr')!), ...strings],
      };
    }
    case 'VectorAggregationExpr':
      return toAggregation(reading, node);
    case 'RangeAggregationExpr':
      return toRange(reading, node);
    case 'BinOpExpr':
      return toBinary(reading, node);
    case 'LogExpr':
      throw new PromqlError(
        'lines are no numbers: count_over_time and rate make some of them',
        span,
      );
    default:
      throw unsupported(textOf(text, node), node);
  }
}

function groupingOf(text: string, node: SyntaxNode): { without: boolean; labels: string[] } | null {
  const grouping = node.getChild('Grouping');
  if (grouping === null) return null;
  const labels = grouping.getChild('Labels');
  const names = labels === null ? [] : allOf(labels, 'Identifier').map((one) => textOf(text, one));
  return { without: grouping.firstChild!.name === 'Without', labels: names };
}

function toAggregation(reading: Reading, node: SyntaxNode): Expr {
  const span = spanOf(node);
  const op = textOf(reading.text, node.firstChild!);
  const of = toExpr(reading, node.getChild('MetricExpr')!);
  if (op === 'sort' || op === 'sort_desc') return { kind: 'call', span, name: op, args: [of] };
  const number = node.getChild('Number');
  const grouping = groupingOf(reading.text, node);
  return {
    kind: 'aggregation',
    span,
    op: op as Aggregation['op'],
    of,
    parameter: number && {
      kind: 'number',
      span: spanOf(number),
      value: parseNumber(textOf(reading.text, number), spanOf(number)),
    },
    grouping: grouping?.labels ?? [],
    without: grouping?.without ?? false,
  };
}

function durationOf(text: string, node: SyntaxNode): Duration {
  const word = textOf(text, node);
  const long = /^(\d+)([dwy])$/.exec(word);
  const days = { d: 1, w: 7, y: 365 };
  const value = long
    ? Number(long[1]) * days[long[2] as keyof typeof days] * 86_400
    : parseGoDuration(word);
  if (value === null) throw new PromqlError(`bad duration ${JSON.stringify(word)}`, spanOf(node));
  return { kind: 'seconds', value };
}

function unwrapOf(text: string, node: SyntaxNode): Unwrap {
  const inner = node.getChild('UnwrapExpr');
  if (inner !== null) {
    const filter = parseLabelFilter(text, node.getChild('LabelFilter')!);
    const unwrap = unwrapOf(text, inner);
    return { ...unwrap, filters: [...unwrap.filters, filter] };
  }
  const conversions = {
    DurationConv: 'duration',
    DurationSecondsConv: 'duration',
    BytesConv: 'bytes',
  } as const;
  const conversion = node.getChild('ConvOp')?.firstChild?.name as
    keyof typeof conversions | undefined;
  const label = textOf(text, node.getChild('Identifier')!);
  return {
    label,
    conversion: conversion === undefined ? 'number' : conversions[conversion],
    filters: [],
  };
}

function toRange(reading: Reading, node: SyntaxNode): Expr {
  const { text, ranges } = reading;
  const span = spanOf(node);
  const op = textOf(text, node.firstChild!);
  const lines = node.getChild('LogRangeExpr')!;
  const unwrap = lines.getChild('UnwrapExpr');
  const plain = unwrap === null ? ofLines[op] : undefined;
  const meaning = plain ?? (unwrap === null ? undefined : ofLabels[op]);
  if (meaning === undefined) {
    const known = op in ofLines || op in ofLabels;
    if (!known) throw unsupported(op, node);
    throw new PromqlError(
      unwrap === null ? `${op} needs | unwrap` : `${op} takes no | unwrap`,
      span,
    );
  }
  const query = parseLogQuery(text, lines.getChild('Selector')!, lines.getChildren('PipelineExpr'));
  const value = unwrap === null ? plain!.value : unwrapOf(text, unwrap);
  const range = durationOf(text, lines.getChild('Range')!.firstChild!);
  const offset = lines.getChild('OffsetExpr');
  const matcher = { name: rangeLabel, op: '=', value: String(ranges.length) } as const;
  ranges.push({ span: spanOf(lines), query, value, grouping: groupingOf(text, node) });
  const selector = {
    kind: 'selector',
    span: spanOf(lines),
    matchers: op === 'absent_over_time' ? [matcher, ...query.matchers] : [matcher],
    offset: offset && durationOf(text, offset.lastChild!),
    at: null,
    mode: null,
  } as const;
  const matrix: Expr = { kind: 'matrix', span: spanOf(lines), selector, range };
  const number = node.getChild('Number');
  const parameter: Expr[] = number
    ? [
        {
          kind: 'number',
          span: spanOf(number),
          value: parseNumber(textOf(text, number), spanOf(number)),
        },
      ]
    : [];
  const call: Expr = { kind: 'call', span, name: meaning.function, args: [...parameter, matrix] };
  if (op === 'absent_over_time') return withoutRangeLabel(call, span);
  return meaning.perSecond === true ? perSecond(call, range, span) : call;
}

/** What is absent is named by the matchers, and the name of the range is one of them. */
function withoutRangeLabel(of: Expr, span: Span): Expr {
  const strings = [rangeLabel, '', '', ''].map((value): Expr => ({ kind: 'string', span, value }));
  return { kind: 'call', span, name: 'label_replace', args: [of, ...strings] };
}

function perSecond(left: Expr, range: Duration, span: Span): Expr {
  const right: Expr = { kind: 'number', span, value: (range as { value: number }).value };
  return { kind: 'binary', span, op: '/', left, right, bool: false, matching: plainMatching };
}

/** Operands and operators in the order of the text: how the grammar groups them is not how Loki does (findings/). */
function flatten(reading: Reading, node: SyntaxNode): { operands: Expr[]; operators: Operator[] } {
  const inner =
    node.name === 'Expr' && node.firstChild!.name === 'MetricExpr' ? node.firstChild! : node;
  const binary = inner.firstChild;
  if (node.name === 'BinOpExpr' || binary?.name === 'BinOpExpr') {
    const [left, operator, modifier, right] = childrenOf(
      node.name === 'BinOpExpr' ? node : binary!,
    );
    const before = flatten(reading, left!);
    const after = flatten(reading, right!);
    const between = operatorOf(reading.text, operator!, modifier!);
    return {
      operands: [...before.operands, ...after.operands],
      operators: [...before.operators, between, ...after.operators],
    };
  }
  return { operands: [toExpr(reading, node)], operators: [] };
}

/** Groups operands by the strength of the operators between them; powers from the right, all else from the left. */
function toBinary(reading: Reading, node: SyntaxNode): Expr {
  const { operands, operators: between } = flatten(reading, node);
  let at = 0;
  const climb = (least: number): Expr => {
    let left = operands[at]!;
    for (
      let next = between[at];
      next !== undefined && strengthOf(next.op) >= least;
      next = between[at]
    ) {
      at += 1;
      const right = climb(strengthOf(next.op) + (next.op === '^' ? 0 : 1));
      const span = { from: left.span.from, to: right.span.to };
      const binary: Binary = { kind: 'binary', span, left, right, ...next };
      left = binary;
    }
    return left;
  };
  return climb(0);
}
