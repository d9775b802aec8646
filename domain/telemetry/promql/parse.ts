import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import {
  aggregations,
  type AggregationOp,
  type Duration,
  type Expr,
  type FixedTime,
  type Span,
} from './ast.ts';
import { checkTypes } from './check-types.ts';
import { parseNumber, parseString } from './literals.ts';
import { parseBinary } from './parse-binary.ts';
import { parseDurationNode } from './parse-durations.ts';
import { parseSelector } from './parse-selector.ts';
import { PromqlError } from './problem.ts';
import { spellForParser } from './spell.ts';
import { childrenOf, labelNamesOf, type Reader, spanOf } from './syntax.ts';

const aggregationNames: ReadonlySet<string> = new Set(aggregations);

/**
 * Reads a PromQL expression and checks the types of its parts.
 * @throws PromqlError with the place of what cannot be read
 */
export function parsePromql(text: string): Expr {
  const tree = parser.parse(spellForParser(text));
  tree.iterate({
    enter: (node) => {
      if (node.type.isError) throw syntaxError(text, node.node);
    },
  });
  const top = tree.topNode.firstChild;
  if (top === null) throw new PromqlError('no expression found', { from: 0, to: text.length });
  const reader: Reader = { text, expr: (node) => toExpr(reader, node) };
  const expr = reader.expr(top);
  checkTypes(expr);
  return expr;
}

function syntaxError(text: string, node: SyntaxNode): PromqlError {
  const { from } = node;
  const rest = text.slice(from).trimStart();
  const at = text.length - rest.length;
  if (rest === '')
    return new PromqlError('unexpected end of the query', { from: text.length, to: text.length });
  const word = /^(?:[\w:]+|.)/u.exec(rest)?.[0] ?? rest;
  return new PromqlError(`unexpected ${JSON.stringify(word)}`, { from: at, to: at + word.length });
}

function toExpr(reader: Reader, node: SyntaxNode): Expr {
  const span = spanOf(node);
  const text = reader.text.slice(node.from, node.to);
  switch (node.name) {
    case 'NumberDurationLiteral':
      return { kind: 'number', span, value: parseNumber(text, span) };
    case 'StringLiteral':
      return { kind: 'string', span, value: parseString(text, span) };
    case 'ParenExpr':
      return { kind: 'paren', span, of: reader.expr(node.firstChild!) };
    case 'UnaryExpr': {
      const kind = text.startsWith('-') ? 'negated' : 'positive';
      return { kind, span, of: reader.expr(node.lastChild!) };
    }
    case 'BinaryExpr':
      return parseBinary(reader, node);
    case 'AggregateExpr':
      return parseAggregation(reader, node);
    case 'FunctionCall':
      return parseCall(reader, node);
    case 'VectorSelector':
      return parseSelector(reader, node);
    case 'MatrixSelector':
    case 'SubqueryExpr':
      return parseRange(reader, node);
    case 'OffsetExpr':
    case 'StepInvariantExpr':
    case 'AnchoredExpr':
    case 'SmoothedExpr':
      return applyModifier(reader, node);
    default:
      throw new PromqlError(`${node.name} is not evaluated here`, span, 'unsupported');
  }
}

function parseCall(reader: Reader, node: SyntaxNode): Expr {
  const [identifier, body] = childrenOf(node);
  const name = reader.text.slice(identifier!.from, identifier!.to);
  return { kind: 'call', span: spanOf(node), name, args: childrenOf(body!).map(reader.expr) };
}

function parseAggregation(reader: Reader, node: SyntaxNode): Expr {
  const span = spanOf(node);
  const op = reader.text.slice(node.firstChild!.from, node.firstChild!.to).toLowerCase();
  if (!aggregationNames.has(op)) throw new PromqlError(`unknown aggregation ${op}`, span);
  const args = childrenOf(node.getChild('FunctionCallBody')!).map(reader.expr);
  const modifier = node.getChild('AggregateModifier');
  const takesParameter = [
    'topk',
    'bottomk',
    'quantile',
    'count_values',
    'limitk',
    'limit_ratio',
  ].includes(op);
  const expected = takesParameter ? 2 : 1;
  if (args.length !== expected) {
    throw new PromqlError(
      `${op} takes ${String(expected)} arguments, got ${String(args.length)}`,
      span,
    );
  }
  return {
    kind: 'aggregation',
    span,
    op: op as AggregationOp,
    of: args[expected - 1]!,
    parameter: takesParameter ? args[0]! : null,
    grouping: modifier === null ? [] : labelNamesOf(reader, modifier.getChild('GroupingLabels')!),
    without: modifier?.firstChild?.name === 'Without',
  };
}

function parseRange(reader: Reader, node: SyntaxNode): Expr {
  const span = spanOf(node);
  const of = reader.expr(node.firstChild!);
  const [range, step] = node
    .getChildren('DurationExpr')
    .map((child) => parseDurationNode(reader, child));
  if (node.name === 'SubqueryExpr') {
    return {
      kind: 'subquery',
      span,
      of,
      range: range!,
      step: step ?? null,
      offset: null,
      at: null,
    };
  }
  if (of.kind !== 'selector') {
    throw new PromqlError('ranges are only allowed for vector selectors', span);
  }
  if (of.offset !== null) throw new PromqlError('no offset modifiers allowed before range', span);
  if (of.at !== null) throw new PromqlError('no @ modifiers allowed before range', span);
  return { kind: 'matrix', span, selector: of, range: range! };
}

/**
 * The grammar lets a modifier follow any expression and binds it loosest, so `a / b offset 5m` comes as the offset of a
 * division: it is that of `b`.
 */
function applyModifier(reader: Reader, node: SyntaxNode): Expr {
  return modify(reader, node, reader.expr(node.firstChild!));
}

function modify(reader: Reader, node: SyntaxNode, expr: Expr): Expr {
  const span = { from: expr.span.from, to: node.to };
  if (expr.kind === 'binary') return { ...expr, span, right: modify(reader, node, expr.right) };
  if (expr.kind === 'negated' || expr.kind === 'positive') {
    return { ...expr, span, of: modify(reader, node, expr.of) };
  }
  if (node.name === 'AnchoredExpr' || node.name === 'SmoothedExpr') return inMode(node, expr, span);
  const change = shiftOf(reader, node);
  if (expr.kind === 'matrix') {
    return {
      ...expr,
      span,
      selector: { ...expr.selector, ...onlyOnce(change, expr.selector, span) },
    };
  }
  if (expr.kind !== 'selector' && expr.kind !== 'subquery') {
    const word = node.name === 'OffsetExpr' ? 'offset' : '@';
    const message = `${word} modifier must be preceded by an instant vector selector or range vector selector or a subquery`;
    throw new PromqlError(message, expr.span);
  }
  return { ...expr, ...onlyOnce(change, expr, span), span };
}

function inMode(node: SyntaxNode, expr: Expr, span: Span): Expr {
  const mode = node.name === 'AnchoredExpr' ? 'anchored' : 'smoothed';
  const selector = expr.kind === 'matrix' ? expr.selector : expr;
  if (selector.kind !== 'selector' || (mode === 'anchored' && expr.kind !== 'matrix')) {
    throw new PromqlError(`${mode} modifier must be preceded by a vector selector`, expr.span);
  }
  if (selector.mode !== null)
    throw new PromqlError('anchored and smoothed exclude each other', span);
  const changed = { ...selector, mode } as const;
  return expr.kind === 'matrix' ? { ...expr, span, selector: changed } : { ...changed, span };
}

type Change = { offset: Duration } | { at: FixedTime };

function onlyOnce(change: Change, before: { offset: unknown; at: unknown }, span: Span): Change {
  if ('offset' in change ? before.offset !== null : before.at !== null) {
    const word = 'offset' in change ? 'offset' : '@ <timestamp>';
    throw new PromqlError(`${word} may not be set multiple times`, span);
  }
  return change;
}

function shiftOf(reader: Reader, node: SyntaxNode): Change {
  const last = node.lastChild!;
  if (node.name === 'OffsetExpr') return { offset: parseDurationNode(reader, last) };
  if (last.name === 'AtModifierPreprocessors') {
    return { at: last.firstChild?.name === 'AtStart' ? 'start' : 'end' };
  }
  const at = parseNumber(reader.text.slice(last.from, last.to), spanOf(last));
  if (!Number.isFinite(at) || Math.abs(at) >= 2 ** 63 / 1000) {
    throw new PromqlError('timestamp out of bounds for @ modifier', spanOf(last));
  }
  return { at };
}
