/** NUL and halves of a surrogate pair: legal in a JSON text, refused by Postgres. */
const unstorable = /[\0\p{Surrogate}]/gu;

/** Whether Postgres can keep the text as it is. */
export function isStorable(text: string): boolean {
  return text.search(unstorable) === -1; // `search` knows no lastIndex
}

/** The text with what Postgres cannot keep replaced by U+FFFD, so that odd input never fails a transaction. */
export function storableText(text: string): string {
  return text.replace(unstorable, '\uFFFD');
}

/** A plain JSON copy of `value` that Postgres can keep as jsonb: `undefined` is left out, dates are ISO text. */
export function storableJson(value: Record<string, unknown>): Record<string, unknown> {
  const text = JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'string') return storableText(part);
    return typeof part === 'bigint' ? part.toString() : part;
  });
  return JSON.parse(text) as Record<string, unknown>;
}

/** JSON with sorted keys: the same value gives the same text, however it was stored in between. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value as Record<string, unknown>)
      .filter(([, part]) => part !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, part]) => `${JSON.stringify(key)}:${canonicalJson(part)}`).join(',')}}`;
  }
  return JSON.stringify(value ?? null);
}
