import type { SyntaxNode } from '@lezer/common';
import type { Expr, Span } from './ast.ts';
import { parseString } from './literals.ts';

/** What the parts of a parser share: the text, and the way back to expressions. */
export interface Reader {
  text: string;
  expr: (node: SyntaxNode) => Expr;
}

export const spanOf = ({ from, to }: SyntaxNode): Span => ({ from, to });

export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
}

/** The names of a `GroupingLabels`. */
export function labelNamesOf(reader: Reader, node: SyntaxNode): string[] {
  return childrenOf(node).map((child) => {
    const text = reader.text.slice(child.from, child.to);
    return child.name === 'QuotedLabelName' ? parseString(text, spanOf(child)) : text;
  });
}
