import type { Span } from '../promql/ast.ts';
import { PromqlError } from '../promql/problem.ts';
import type { Template } from './ast.ts';

const field = /\{\{-?\s*([^}]*?)\s*-?\}\}/g;

/**
 * Reads a template of `line_format` and `label_format`: text with `{{.label}}`.
 * @throws PromqlError `unsupported` of functions, pipes and conditions of Go's templates
 */
export function parseTemplate(text: string, span: Span): Template {
  const parts: (string | { label: string })[] = [];
  let from = 0;
  for (const found of text.matchAll(field)) {
    const label = /^\.([A-Za-z_]\w*)$/.exec(found[1]!)?.[1];
    if (label === undefined) {
      throw new PromqlError(
        `of templates only {{.label}} is evaluated here, not {{${found[1]!}}}`,
        span,
        'unsupported',
      );
    }
    parts.push(text.slice(from, found.index), { label });
    from = found.index + found[0].length;
  }
  parts.push(text.slice(from));
  return parts.filter((part) => part !== '');
}

export function fillTemplate(template: Template, labelOf: (name: string) => string): string {
  return template.map((part) => (typeof part === 'string' ? part : labelOf(part.label))).join('');
}
