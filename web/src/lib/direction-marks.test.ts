import { describe, expect, it } from '@jest/globals';
import { directedPieces } from './direction-marks.ts';

const rlo = String.fromCharCode(0x202e);
const lri = String.fromCharCode(0x2066);

describe('characters that change the direction of writing', () => {
  it('are told where they stand, and nothing else is [A-UI-04]', () => {
    expect(directedPieces(`if (isAdmin${rlo} ${lri}) {`)).toEqual([
      { text: 'if (isAdmin' },
      { code: 'U+202E' },
      { text: ' ' },
      { code: 'U+2066' },
      { text: ') {' },
    ]);
    expect(directedPieces('שלום, grün 👩‍👩‍👧')).toEqual([{ text: 'שלום, grün 👩‍👩‍👧' }]);
  });
});
