import type { SyntaxNode } from '@lezer/common';
import type { BinaryOp, Matching } from '../promql/ast.ts';
import { comparisons, setOperators } from '../promql/operators.ts';
import { PromqlError } from '../promql/problem.ts';
import { allOf, spanOf, textOf, unsupported } from './syntax.ts';

/** One partner each, by all labels. */
export const plainMatching: Matching = {
  on: false,
  labels: [],
  cardinality: 'one-to-one',
  include: [],
  fillLeft: null,
  fillRight: null,
};

const operators: Record<string, BinaryOp> = {
  Add: '+',
  Sub: '-',
  Mul: '*',
  Div: '/',
  Mod: '%',
  Pow: '^',
  Eql: '==',
  Eq: '==',
  Neq: '!=',
  Gtr: '>',
  Gte: '>=',
  Lss: '<',
  Lte: '<=',
  And: 'and',
  Or: 'or',
  Unless: 'unless',
};

const strength: Record<string, number> = {
  or: 1,
  and: 2,
  unless: 2,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  '^': 6,
};
/** How tightly an operator binds, as in Loki. */
export const strengthOf = (op: BinaryOp): number => strength[op] ?? 3;

/** What stands between two operands. */
export interface Operator {
  op: BinaryOp;
  bool: boolean;
  matching: Matching;
}

/** @throws PromqlError of modifiers that do not fit */
export function operatorOf(text: string, node: SyntaxNode, modifier: SyntaxNode): Operator {
  const op = operators[node.name];
  if (op === undefined) throw unsupported(textOf(text, node), node);
  const bool = modifier.getChild('Bool') !== null;
  if (bool && !comparisons.has(op)) {
    throw new PromqlError(
      'bool modifier can only be used on comparison operators',
      spanOf(modifier),
    );
  }
  const clause = modifier.getChild('OnOrIgnoringModifier');
  const named = (one: SyntaxNode | null) =>
    one === null ? [] : allOf(one, 'LabelName').map((name) => textOf(text, name));
  const group = modifier.getChild('GroupLeft') ?? modifier.getChild('GroupRight');
  const many = group === null ? null : group.name === 'GroupLeft' ? 'many-to-one' : 'one-to-many';
  const matching: Matching = {
    ...plainMatching,
    on: clause?.firstChild?.name === 'On',
    labels: named(clause?.getChild('GroupingLabels') ?? null),
    cardinality: many ?? (setOperators.has(op) ? 'many-to-many' : 'one-to-one'),
    include: named(modifier.getChild('GroupingLabels')),
  };
  return { op, bool, matching };
}
