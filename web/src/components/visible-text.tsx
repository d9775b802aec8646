import type { ComponentChildren } from 'preact';
import { directedPieces } from '../lib/direction-marks.ts';

/**
 * Text of a file, a diff or a log with every character shown that changes the direction of writing: the page shows the
 * text in the order that a compiler reads it, and where somebody wanted it to look otherwise.
 */
export function visibleText(text: string): ComponentChildren {
  const pieces = directedPieces(text);
  if (pieces.every((piece) => 'text' in piece)) return text;
  return pieces.map((piece, index) =>
    'text' in piece ? (
      piece.text
    ) : (
      <span
        key={index}
        class="direction-mark"
        title="A hidden character that changes the direction of writing"
      >
        {piece.code}
      </span>
    ),
  );
}
