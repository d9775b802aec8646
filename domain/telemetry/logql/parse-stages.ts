import type { SyntaxNode } from '@lezer/common';
import type { Matcher, MatchOperator } from '../promql/ast.ts';
import { parseNumber } from '../promql/literals.ts';
import { compilePattern, matcherTest } from '../promql/matcher-test.ts';
import { PromqlError } from '../promql/problem.ts';
import type { Comparison, Extraction, LabelFilter, LineOperator, LogQuery, Stage } from './ast.ts';
import { allOf, childrenOf, spanOf, stringOf, textOf, unsupported } from './syntax.ts';
import { parseTemplate } from './templates.ts';
import { parseBytes, parseGoDuration } from './units.ts';

export function parseMatcher(text: string, node: SyntaxNode): Matcher {
  const [name, op, value] = childrenOf(node);
  const matcher = {
    name: textOf(text, name!),
    op: textOf(text, op!) as MatchOperator,
    value: stringOf(text, value!),
  };
  matcherTest(matcher, spanOf(node));
  return matcher;
}

/** `{app="x"} |= "a" | json`. @throws PromqlError */
export function parseLogQuery(
  text: string,
  selector: SyntaxNode,
  pipelines: readonly SyntaxNode[],
): LogQuery {
  const matchers = allOf(selector, 'Matcher').map((node) => parseMatcher(text, node));
  if (!matchers.some((matcher) => !matcherTest(matcher, spanOf(selector))(''))) {
    throw new PromqlError(
      'a stream selector needs a matcher that does not fit everything',
      spanOf(selector),
    );
  }
  const stages = pipelines.flatMap((pipeline) =>
    allOf(pipeline, 'PipelineStage').flatMap((node) => parseStage(text, node)),
  );
  const to = pipelines.at(-1)?.to ?? selector.to;
  return { span: { from: selector.from, to }, matchers, stages };
}

function parseStage(text: string, stage: SyntaxNode): Stage[] {
  const node = stage.lastChild!;
  const span = spanOf(node);
  switch (node.name) {
    case 'LineFilters':
      return allOf(node, 'LineFilter').map((filter) => parseLineFilter(text, filter));
    case 'LabelFilter':
      return [{ kind: 'filter', span, filter: parseLabelFilter(text, node) }];
    case 'LabelParser':
      if (node.firstChild!.name !== 'Json') throw unsupported(textOf(text, node), node);
      return [{ kind: 'parse', span, format: 'json', only: null }];
    case 'LogfmtParser':
      if (node.getChild('LogfmtParserFlags') !== null) throw unsupported('a flag of logfmt', node);
      return [{ kind: 'parse', span, format: 'logfmt', only: null }];
    case 'JsonExpressionParser':
    case 'LogfmtExpressionParser': {
      const format = node.name.startsWith('Json') ? 'json' : 'logfmt';
      const only = allOf(node, 'LabelExtractionExpression').map((one) =>
        parseExtraction(text, one),
      );
      return [{ kind: 'parse', span, format, only }];
    }
    case 'LineFormatExpr':
      return [
        {
          kind: 'line_format',
          span,
          template: parseTemplate(stringOf(text, node.lastChild!), span),
        },
      ];
    case 'LabelFormatExpr':
      return [
        {
          kind: 'label_format',
          span,
          changes: allOf(node, 'LabelFormatMatcher').map((one) => parseChange(text, one)),
        },
      ];
    case 'DropLabelsExpr':
    case 'KeepLabelsExpr': {
      const kind = node.name.startsWith('Drop') ? 'drop' : 'keep';
      const labels = [...allOf(node, 'DropLabel'), ...allOf(node, 'KeepLabel')].map((one) =>
        parseNamed(text, one),
      );
      return [{ kind, span, labels }];
    }
    default:
      throw unsupported(textOf(text, node), node);
  }
}

function parseNamed(text: string, node: SyntaxNode): { name: string; matcher: Matcher | null } {
  const inner = node.firstChild!;
  if (inner.name !== 'Matcher') return { name: textOf(text, inner), matcher: null };
  const matcher = parseMatcher(text, inner);
  return { name: matcher.name, matcher };
}

function parseChange(
  text: string,
  node: SyntaxNode,
): { name: string; template: ReturnType<typeof parseTemplate> } {
  const [name, , value] = childrenOf(node);
  const template =
    value!.name === 'Identifier'
      ? [{ label: textOf(text, value!) }]
      : parseTemplate(stringOf(text, value!), spanOf(value!));
  return { name: textOf(text, name!), template };
}

function parseExtraction(text: string, node: SyntaxNode): Extraction {
  const [name, , path] = childrenOf(node);
  const label = textOf(text, name!);
  return {
    name: label,
    path: path === undefined ? [label] : parsePath(stringOf(text, path), path),
  };
}

/** `a.b[0]["c d"]`. */
function parsePath(path: string, node: SyntaxNode): (string | number)[] {
  const parts: (string | number)[] = [];
  const part = /\.?([A-Za-z_]\w*)|\[(\d+)\]|\["((?:\\.|[^"\\])*)"\]/y;
  while (part.lastIndex < path.length) {
    const found = part.exec(path);
    if (found === null) throw new PromqlError(`bad path ${JSON.stringify(path)}`, spanOf(node));
    const [, key, index, quoted] = found;
    parts.push(index === undefined ? (key ?? quoted!.replaceAll(/\\(.)/g, '$1')) : Number(index));
  }
  return parts;
}

function parseLineFilter(text: string, node: SyntaxNode): Stage {
  const span = spanOf(node);
  const [operator, second] = childrenOf(node);
  const op = textOf(text, operator!);
  if (second!.name === 'FilterOp') throw unsupported(textOf(text, second!), node);
  if (!['|=', '!=', '|~', '!~'].includes(op)) throw unsupported(`the line filter ${op}`, node);
  const values = allOf(node, 'String').map((value) => stringOf(text, value));
  if (op.endsWith('~')) for (const value of values) compilePattern(value, span);
  return { kind: 'line', span, op: op as LineOperator, values };
}

export function parseLabelFilter(text: string, node: SyntaxNode): LabelFilter {
  const span = spanOf(node);
  const children = childrenOf(node);
  const sides = children.filter(({ name }) => name === 'LabelFilter');
  if (sides.length === 1) return parseLabelFilter(text, sides[0]!);
  if (sides.length === 2) {
    const kind = children.some(({ name }) => name === 'Or') ? 'or' : 'and';
    return {
      kind,
      span,
      left: parseLabelFilter(text, sides[0]!),
      right: parseLabelFilter(text, sides[1]!),
    };
  }
  const [inner] = children;
  if (inner!.name === 'Matcher') return { kind: 'text', span, matcher: parseMatcher(text, inner!) };
  const comparison = inner!.name === 'UnitFilter' ? inner!.firstChild! : inner!;
  const [name, op, value] = childrenOf(comparison);
  const literal = textOf(text, value!);
  const units = {
    DurationFilter: 'duration',
    BytesFilter: 'bytes',
    NumberFilter: 'number',
  } as const;
  const unit = units[comparison.name as keyof typeof units] as
    (typeof units)[keyof typeof units] | undefined;
  if (unit === undefined) throw unsupported(textOf(text, comparison), comparison);
  const number =
    unit === 'duration'
      ? parseGoDuration(literal)
      : unit === 'bytes'
        ? parseBytes(literal)
        : parseNumber(literal, spanOf(value!));
  if (number === null)
    throw new PromqlError(`bad ${unit} ${JSON.stringify(literal)}`, spanOf(value!));
  return {
    kind: 'number',
    span,
    name: textOf(text, name!),
    op: textOf(text, op!) as Comparison,
    value: number,
    unit,
  };
}
