import { describe, expect, it } from '@jest/globals';
import { highlightLines } from './highlight.ts';

/** The text of coloured lines, and how many pieces have a colour. */
function read(text: string, language: string | null): { text: string; coloured: number } {
  const lines = highlightLines(text, language);
  return {
    text: lines.map((line) => line.map((token) => token.text).join('')).join('\n'),
    coloured: lines.flat().filter((token) => token.name !== '').length,
  };
}

describe('colours of source code', () => {
  const code = 'const two = 2;\nexport { two };';
  const texts: [string, string][] = [
    ['an indented first line', `      ${code}`],
    ['tabs before the first line', `\t\t${code}`],
    ['an empty first line', `\n${code}`],
    ['several empty lines first', `\n\n \n${code}`],
    ['carriage returns', `${code.replaceAll('\n', '\r\n')}\r\n`],
    ['a lone carriage return', `const a = 1;\rconst b = 2;\n${code}`],
    ['trailing blanks', `${code}  \t \n\n`],
    ['a byte order mark', `\ufeff${code}`],
    ['what looks like HTML', `${code}\nconst html = '<pre>&amp;&lt;</pre><b>';`],
    ['control characters', `${code}\n/* \u0000\u0001\u000b\u000c\u001b */`],
    ['a very long line', `${code}\nconst long = '${'x'.repeat(100_000)}';`],
    ['separators of other alphabets', `${code}\n/* \u2028 \u2029 \u0085 */ const a = 1;`],
  ];

  it.each(texts)('change no character of a text with %s [A-UI-03]', (_, text) => {
    const found = read(text, 'typescript');
    expect(found.text).toBe(text);
    expect(found.coloured).toBeGreaterThan(2);
  });

  it('carry over the lines of a comment', () => {
    const [first, second] = highlightLines('/* one\n two */', 'typescript');
    expect(first).toEqual([{ text: '/* one', name: 'hljs-comment' }]);
    expect(second).toEqual([{ text: ' two */', name: 'hljs-comment' }]);
  });

  it('leave a text without a language as it is', () => {
    expect(highlightLines('\n a\r\n', null)).toEqual(
      ['', ' a\r', ''].map((text) => [{ text, name: '' }]),
    );
  });
});
