import { DomainError, type ProblemDetail } from '../../contracts/problems.ts';

const maxDepth = 64;

/**
 * Refuses JSON that nests deeper than 64 before anything recurses over it. Brackets inside strings do not count.
 * @param text the body as it came; it need not be valid JSON
 */
export function assertShallow(text: string): void {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === 92) at += 1;
      else if (code === 34) inString = false;
    } else if (code === 34) inString = true;
    else if (code === 91 || code === 123) {
      depth += 1;
      if (depth > maxDepth) {
        throw new DomainError('malformed_body', `The body nests deeper than ${maxDepth} levels.`);
      }
    } else if (code === 93 || code === 125) depth -= 1;
  }
}

// NUL, which Postgres text refuses, and halves of surrogate pairs, which are no UTF-8
const unstorable = /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** True when a text cannot be stored as UTF-8 in Postgres. */
export function isUnstorable(text: string): boolean {
  return unstorable.test(text);
}

/** Points at every text (or key) in a parsed body that cannot be stored, and at `__proto__` keys. */
export function findUnstorable(value: unknown, pointer = '#'): ProblemDetail[] {
  if (typeof value === 'string') {
    return isUnstorable(value)
      ? [{ pointer, detail: 'NUL or half of a surrogate pair', rule: 'text' }]
      : [];
  }
  if (typeof value !== 'object' || value === null) return [];
  const found: ProblemDetail[] = [];
  for (const [key, item] of Object.entries(value)) {
    if (key === '__proto__' || isUnstorable(key)) {
      found.push({ pointer, detail: 'A key that is not allowed', rule: 'unknown' });
    } else found.push(...findUnstorable(item, `${pointer}/${key}`));
    if (found.length > 20) break;
  }
  return found;
}
