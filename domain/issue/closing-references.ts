const closing =
  /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+((?:#\d+(?:\s*,\s*|\s+and\s+)?)+)/giu;

/**
 * Numbers of issues that a text says it closes: `closes #12`, `Fixes: #3, #4 and #5`, `resolved #7`.
 * Each once, in order; at most 50.
 */
export function closingReferences(text: string): number[] {
  const found = [...text.slice(0, 200_000).matchAll(closing)].flatMap((match) =>
    [...(match[1] ?? '').matchAll(/#(\d{1,9})(?!\d)/gu)].map(([, digits]) => Number(digits)),
  );
  return [...new Set(found)].slice(0, 50);
}
