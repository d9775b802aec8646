import { describe, expect, it } from '@jest/globals';
import { plainLine } from './plain-line.mjs';
import { problemIn } from './log-file.mjs';

const hidden = String.fromCharCode(0x1b);

describe('a line of others on the terminal of the launcher and the demo', () => {
  it('has no escape sequence, and what else is hidden is spelled out [A-PIPE-06]', () => {
    const text = `a${hidden}[2J${hidden}]0;title${String.fromCharCode(7)}b\rc${String.fromCharCode(0x202e)}\td`;
    expect(plainLine(text)).toBe('ab\\u{d}c\\u{202e}\td');
    const line = JSON.stringify({ level: 'error', msg: `push of ${hidden}[31mx failed` });
    expect(problemIn(line)).toBe('push of x failed');
  });
});
