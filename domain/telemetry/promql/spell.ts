const strings = /("(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*'|`[^`]*`|#[^\n]*)/;

/** Functions that the parser does not know yet, by one of the same length that stands in the same places. */
const sameLength: ReadonlyMap<string, string> = new Map([['integral', 'increase']]);

const names = /(?<![\p{L}\p{N}_:.])[\p{L}_:][\p{L}\p{N}_:.]*/gu;
const plain = /[^A-Za-z0-9_:]/g;

function spellPart(part: string): string {
  return part
    .replace(names, (name) => name.replace(plain, '_'))
    .replace(/\b(\w+)(?=\s*\()/g, (name) => sameLength.get(name) ?? name)
    .replace(/\b(?:step|range|min_of|max_of)(?=\s*\()/gi, (name) => name.toLowerCase())
    .replace(/(\d)\.(?!\d)/g, '$1 ');
}

/**
 * A query as the grammar of `@prometheus-io/lezer-promql` 0.315 can read it, of the same length: names with letters beyond
 * ASCII and with dots, newer functions, words in capitals and numbers that end in a dot are spelt in another way there.
 * What they are is read from the query itself, at the same place.
 */
export function spellForParser(text: string): string {
  return text
    .split(strings)
    .map((part, at) => (at % 2 === 1 ? part : spellPart(part)))
    .join('');
}
