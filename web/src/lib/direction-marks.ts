// by number, so that this file holds no such character itself
const direction = new RegExp('[\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]', 'gu');

/** A piece of a line; `code` in the place of a character that changes the direction of writing. */
export type DirectedPiece = { text: string } | { code: string };

/** Cuts a line at characters that make it look like another one (Trojan Source, CVE-2021-42574). */
export function directedPieces(text: string): DirectedPiece[] {
  const pieces: DirectedPiece[] = [];
  let from = 0;
  for (const { index, 0: mark } of text.matchAll(direction)) {
    if (index > from) pieces.push({ text: text.slice(from, index) });
    pieces.push({ code: `U+${mark.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}` });
    from = index + mark.length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from) });
  return pieces;
}
