import type { DiffHunk, DiffLine } from './diff.ts';
import { type CodeToken, highlightLines, languageOf } from './highlight.ts';

/** Files with more lines than this stay plain. */
const mostLines = 4000;

/** Colours of the lines of a diff, each side read as one text. Null when the language is not known. */
export function colourLines(
  hunks: readonly DiffHunk[],
  path: string,
): ReadonlyMap<DiffLine, CodeToken[]> | null {
  const language = languageOf(path.slice(path.lastIndexOf('/') + 1));
  const count = hunks.reduce((sum, hunk) => sum + hunk.lines.length, 0);
  if (language === null || count > mostLines) return null;
  const coloured = new Map<DiffLine, CodeToken[]>();
  for (const hunk of hunks) {
    for (const other of ['add', 'remove'] as const) {
      const side = hunk.lines.filter((line) => line.kind !== other);
      const tokens = highlightLines(side.map((line) => line.text).join('\n'), language);
      side.forEach((line, index) => coloured.set(line, tokens[index] ?? []));
    }
  }
  return coloured;
}
