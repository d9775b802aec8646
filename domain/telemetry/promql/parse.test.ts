import { describe, expect, it } from '@jest/globals';
import { parseDuration, parseNumber, parseString } from './literals.ts';
import { parsePromql } from './parse.ts';
import { positionIn, PromqlError } from './problem.ts';

const nowhere = { from: 0, to: 0 };

function problemOf(text: string): { message: string; place: string } {
  try {
    parsePromql(text);
  } catch (error) {
    if (!(error instanceof PromqlError)) throw error;
    const { line, column } = positionIn(text, error.span.from);
    return { message: error.message, place: `${String(line)}:${String(column)}` };
  }
  throw new Error(`no problem in ${text}`);
}

describe('reading PromQL', () => {
  it('gives a modifier to the operand before it, not to the whole operation', () => {
    expect(parsePromql('a / b offset 5m')).toMatchObject({
      kind: 'binary',
      left: { offset: null },
      right: { offset: { value: 300 } },
    });
    expect(parsePromql('-a @ 10')).toMatchObject({ kind: 'negated', of: { at: 10 } });
  });

  it('reads numbers, durations and strings as Go does', () => {
    expect(
      ['1_000', '0x1F', '017', '1e3', '-Inf', '1h30m'].map((text) => parseNumber(text, nowhere)),
    ).toEqual([1000, 31, 15, 1000, -Infinity, 5400]);
    expect([parseDuration('1d2h3m4s5ms'), parseDuration('5m5m'), parseDuration('')]).toEqual([
      93784.005,
      null,
      null,
    ]);
    expect(parseString(String.raw`"a\n\x41\u00e9\xc3\xa9\\"`, nowhere)).toBe('a\nAéé\\');
    expect(parseString(String.raw`'\xff'`, nowhere)).toBe('\uFFFD');
    expect(parseString('`\\n`', nowhere)).toBe('\\n');
  });

  it('reads names beyond ASCII, with dots, and newer functions, which the grammar does not know', () => {
    expect(parsePromql('http.server.requests{équipe="a.b"}')).toMatchObject({
      matchers: [{ value: 'http.server.requests' }, { name: 'équipe', value: 'a.b' }],
    });
    expect(parsePromql('integral(a[1m]) / 2.')).toMatchObject({
      left: { name: 'integral' },
      right: { value: 2 },
    });
  });

  it.each([
    ['sum(rate(a[5m])', '1:16', 'unexpected end'],
    ['a +\n* b', '2:1', 'unexpected "*"'],
    ['rate(a)', '1:6', 'range vector'],
    ['1 > 2', '1:1', 'BOOL'],
    ['a and on() group_left() b', '1:7', 'no grouping'],
    ['{a=~".*"}', '1:1', 'non-empty matcher'],
    ['a{b=~"("}', '1:1', 'bad pattern'],
    ['a{__name__="b"}', '1:1', 'set twice'],
    ['round(a, 1, 2)', '1:1', '1 to 2 arguments'],
    ['a offset 1m offset 2m', '1:1', 'multiple times'],
    ['sum(a) offset 5m', '1:1', 'must be preceded'],
    ['max_over_time(a[1m] smoothed)', '1:15', 'not with max_over_time'],
  ])('says where %j is wrong, and why', (text, place, words) => {
    const problem = problemOf(text);
    expect(problem.place).toBe(place);
    expect(problem.message).toContain(words);
  });
});
