import { describe, expect, it } from '@jest/globals';
import { assertShallow, findUnstorable, isUnstorable } from './json-text.ts';

describe('the text of a body', () => {
  it('may nest 64 deep and no deeper, brackets in texts not counted', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(() => {
      assertShallow(nested(64));
    }).not.toThrow();
    expect(() => {
      assertShallow(nested(65));
    }).toThrow(/64/);
    expect(() => {
      assertShallow(JSON.stringify({ a: '['.repeat(500), b: '\\"[[' }));
    }).not.toThrow();
  });

  it('may not hold what Postgres cannot keep, wherever it is', () => {
    expect(isUnstorable('a\u0000')).toBe(true);
    expect(isUnstorable('\ud83d\ude00 ok')).toBe(false);
    expect(isUnstorable('\ud83d')).toBe(true);
    expect(isUnstorable('\ude00')).toBe(true);
    const body = JSON.parse('{"a":[{"b":"x\\u0000"}],"__proto__":1,"c\\u0000":1}') as unknown;
    expect(findUnstorable(body).map((found) => found.pointer)).toEqual(['#/a/0/b', '#', '#']);
  });
});
