import type { SyntaxNode } from '@lezer/common';
import type { Span } from '../promql/ast.ts';
import { parseString } from '../promql/literals.ts';
import { PromqlError } from '../promql/problem.ts';

export const spanOf = ({ from, to }: SyntaxNode): Span => ({ from, to });

export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
}

export const textOf = (text: string, { from, to }: SyntaxNode): string => text.slice(from, to);

export const stringOf = (text: string, node: SyntaxNode): string =>
  parseString(textOf(text, node), spanOf(node));

/** The first descendants of a kind, in order: lists of the grammar are nested. */
export function allOf(node: SyntaxNode, name: string): SyntaxNode[] {
  return childrenOf(node).flatMap((child) => (child.name === name ? [child] : allOf(child, name)));
}

export function unsupported(what: string, node: SyntaxNode): PromqlError {
  return new PromqlError(`${what} is not evaluated here`, spanOf(node), 'unsupported');
}
