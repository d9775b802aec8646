import { describe, expect, it } from '@jest/globals';
import { markTokens } from './mark-tokens.ts';

const tokens = [
  { text: 'const', name: 'keyword' },
  { text: ' port = ', name: '' },
  { text: '9090', name: 'number' },
];
const shown = (changed: [number, number] | null): string[] =>
  markTokens(tokens, changed).map((token) => (token.changed ? `[${token.text}]` : token.text));

describe('markTokens', () => {
  it('cuts colours where the changed word begins and ends, and loses nothing [A-UI-03]', () => {
    expect(shown([3, 8])).toEqual(['con', '[st]', '[ po]', 'rt = ', '9090']);
    expect(shown([13, 17])).toEqual(['const', ' port = ', '[9090]']);
    expect(shown(null).join('')).toBe('const port = 9090');
  });
});
