/** A character without width: it marks text that may be stored as it is, and nobody sees it. */
const mark = '\u2060';

/**
 * Text for `staticSummary` and `summary` that stays readable in the Temporal UI. The payload codec encrypts everything
 * else. Names and numbers only: never a value that somebody typed as an input.
 */
export function readableSummary(text: string): string {
  return mark + text.slice(0, 200);
}

/** True for text made by `readableSummary`. */
export function isReadableSummary(text: string): boolean {
  return text.startsWith(mark) && text.length <= 201;
}
