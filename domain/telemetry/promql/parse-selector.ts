import type { SyntaxNode } from '@lezer/common';
import type { Matcher, MatchOperator, VectorSelector } from './ast.ts';
import { metricNameLabel } from './labels.ts';
import { parseString } from './literals.ts';
import { matcherTest } from './matcher-test.ts';
import { childrenOf, type Reader, spanOf } from './syntax.ts';
import { PromqlError } from './problem.ts';

/** `name{label="value"}`. @throws PromqlError of a name given twice, a pattern that is none, or what would select all */
export function parseSelector(reader: Reader, node: SyntaxNode): VectorSelector {
  const span = spanOf(node);
  const identifier = node.getChild('Identifier');
  const list = node.getChild('LabelMatchers');
  const matchers =
    list === null ? [] : childrenOf(list).map((child) => parseMatcher(reader, child));
  const quoted = matchers.filter(({ isName }) => isName).length;
  if (quoted + (identifier === null ? 0 : 1) > 1) {
    throw new PromqlError('metric name must not be set twice', span);
  }
  const all: Matcher[] = matchers.map(({ name, op, value }) => ({ name, op, value }));
  if (identifier !== null) {
    if (all.some(({ name }) => name === metricNameLabel)) {
      throw new PromqlError('metric name must not be set twice', span);
    }
    const value = reader.text.slice(identifier.from, identifier.to);
    all.unshift({ name: metricNameLabel, op: '=', value });
  }
  // all are compiled, so that a pattern that is none is refused here
  const tests = all.map((matcher) => matcherTest(matcher, span));
  const selects = tests.some((fits) => !fits(''));
  if (!selects) {
    throw new PromqlError('vector selector must contain at least one non-empty matcher', span);
  }
  return { kind: 'selector', span, matchers: all, offset: null, at: null, mode: null };
}

function parseMatcher(reader: Reader, node: SyntaxNode): Matcher & { isName: boolean } {
  const textOf = (child: SyntaxNode) => reader.text.slice(child.from, child.to);
  if (node.name === 'QuotedLabelName') {
    const value = parseString(textOf(node), spanOf(node));
    return { name: metricNameLabel, op: '=', value, isName: true };
  }
  const [label, operator, literal] = childrenOf(node);
  const name =
    label!.name === 'QuotedLabelName'
      ? parseString(textOf(label!), spanOf(label!))
      : textOf(label!);
  const value = parseString(textOf(literal!), spanOf(literal!));
  return { name, op: textOf(operator!) as MatchOperator, value, isName: false };
}
