import type { SyntaxNode } from '@lezer/common';
import { parser } from '@grafana/lezer-logql';
import { PromqlError } from '../promql/problem.ts';
import type { LogqlQuery } from './ast.ts';
import { parseMetric } from './parse-metric.ts';
import { parseLogQuery } from './parse-stages.ts';
import { childrenOf } from './syntax.ts';

/**
 * Reads a query of LogQL: lines, or numbers made of them.
 * @throws PromqlError with the place of what cannot be read (`invalid`) or is not evaluated here (`unsupported`)
 */
export function parseLogql(text: string): LogqlQuery {
  const tree = parser.parse(text);
  tree.iterate({
    enter: ({ type, from }) => {
      if (!type.isError) return;
      const rest = text.slice(from).trimStart();
      const at = text.length - rest.length;
      const word = /^(?:\w+|.)/u.exec(rest)?.[0] ?? '';
      const message =
        word === '' ? 'unexpected end of the query' : `unexpected ${JSON.stringify(word)}`;
      throw new PromqlError(message, { from: at, to: at + word.length });
    },
  });
  let node = tree.topNode.firstChild;
  if (node?.name === 'Expr') node = node.firstChild;
  if (node === null) throw new PromqlError('no expression found', { from: 0, to: text.length });
  while (node.name === 'LogExpr' && node.firstChild?.name === 'LogExpr') node = node.firstChild;
  if (node.name !== 'LogExpr') return parseMetric(text, node);
  const [selector, ...pipelines]: SyntaxNode[] = childrenOf(node);
  return { kind: 'logs', query: parseLogQuery(text, selector!, pipelines) };
}
