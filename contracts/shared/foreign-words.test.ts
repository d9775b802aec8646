import { describe, expect, it } from '@jest/globals';
import { foreignWords, plainWords } from './foreign-words.ts';

describe('what another program said', () => {
  it('is one line without control characters', () => {
    expect(
      foreignWords('  too\thot\r\n\u001b[31mred\u001b[0m \u0000b\u0007ell\u009b \u202etxet '),
    ).toBe('too hot red bell txet');
  });

  it('is cut at 200 characters, none of them in half', () => {
    expect(foreignWords('𝄞'.repeat(300))).toBe(`${'𝄞'.repeat(199)}…`);
    expect(foreignWords('a'.repeat(200))).toBe('a'.repeat(200));
  });

  it('keeps its lines where they are wanted', () => {
    expect(plainWords('one\n\u001b[1mtwo\u0007\n')).toBe('one\ntwo\n');
  });
});
