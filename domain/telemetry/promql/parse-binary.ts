import type { SyntaxNode } from '@lezer/common';
import type { Binary, BinaryOp, Expr, Matching } from './ast.ts';
import { comparisons, setOperators } from './operators.ts';
import { parseNumber } from './literals.ts';
import { labelNamesOf, type Reader, spanOf } from './syntax.ts';
import { PromqlError } from './problem.ts';

/** `left op bool on (…) group_left (…) right`. @throws PromqlError of modifiers that do not go together */
export function parseBinary(reader: Reader, node: SyntaxNode): Expr {
  const span = spanOf(node);
  const left = node.firstChild!;
  const operator = left.nextSibling!;
  const op = reader.text.slice(operator.from, operator.to).toLowerCase() as BinaryOp;
  const bool = node.getChild('BoolModifier') !== null;
  if (bool && !comparisons.has(op)) {
    throw new PromqlError('bool modifier can only be used on comparison operators', span);
  }
  const binary: Binary = {
    kind: 'binary',
    span,
    op,
    left: reader.expr(left),
    right: reader.expr(node.lastChild!),
    bool,
    matching: parseMatching(reader, node, op),
  };
  return binary;
}

function parseMatching(reader: Reader, node: SyntaxNode, op: BinaryOp): Matching {
  const clause = node.getChild('MatchingModifierClause');
  const matching: Matching = {
    on: false,
    labels: [],
    cardinality: setOperators.has(op) ? 'many-to-many' : 'one-to-one',
    include: [],
    ...parseFill(reader, node),
  };
  if ((matching.fillLeft ?? matching.fillRight) !== null && setOperators.has(op)) {
    throw new PromqlError('filling in missing series not allowed for set operators', spanOf(node));
  }
  if (clause === null) return matching;
  const [labels, include] = clause.getChildren('GroupingLabels');
  matching.on = clause.getChild('On') !== null;
  matching.labels = labelNamesOf(reader, labels!);
  const group = clause.getChild('GroupLeft') ?? clause.getChild('GroupRight');
  if (group === null) return matching;
  if (setOperators.has(op)) {
    throw new PromqlError(`no grouping allowed for "${op}" operation`, spanOf(clause));
  }
  matching.cardinality = group.name === 'GroupLeft' ? 'many-to-one' : 'one-to-many';
  matching.include = include === undefined ? [] : labelNamesOf(reader, include);
  const twice = matching.on
    ? matching.include.find((name) => matching.labels.includes(name))
    : undefined;
  if (twice !== undefined) {
    throw new PromqlError(
      `label ${JSON.stringify(twice)} must not occur in ON and GROUP clause at once`,
      spanOf(clause),
    );
  }
  return matching;
}

function parseFill(reader: Reader, node: SyntaxNode): Pick<Matching, 'fillLeft' | 'fillRight'> {
  const modifier = node.getChild('FillModifier');
  const valueIn = (name: string): number | null => {
    const literal = modifier?.getChild(name)?.getChild('NumberDurationLiteral');
    if (literal === null || literal === undefined) return null;
    return parseNumber(reader.text.slice(literal.from, literal.to), spanOf(literal));
  };
  const both = valueIn('FillClause');
  return {
    fillLeft: valueIn('FillLeftClause') ?? both,
    fillRight: valueIn('FillRightClause') ?? both,
  };
}
