import { describe, expect, it } from '@jest/globals';
import { matchesAny } from './glob.ts';

describe('artifact globs', () => {
  it.each([
    ['dist/**', 'dist/a/b.js', true],
    ['dist', 'dist/a/b.js', true],
    ['./dist/', 'dist/x', true],
    ['dist/*.js', 'dist/x.js', true],
    ['dist/*.js', 'dist/deep/x.js', false],
    ['**/*.js', 'x.js', true],
    ['**/*.js', 'a/b/x.js', true],
    ['a/**/z', 'a/z', true],
    ['a/**/z', 'a/b/c/z', true],
    ['a/**/z', 'b/z', false],
    ['?.txt', 'a.txt', true],
    ['?.txt', 'ab.txt', false],
    ['[a-c].txt', 'b.txt', true],
    ['[!a-c].txt', 'b.txt', false],
    ['*.{js,css}', 'x.css', true],
    ['*.{js,css}', 'x.html', false],
    ['{a,b}/{c,d}', 'b/c', true],
    ['a.b', 'aXb', false],
    ['*', 'any', true],
    ['di', 'dist', false],
    ['[', '[', true],
  ])('%s over %s is %s', (glob, path, expected) => {
    expect(matchesAny(path, [glob])).toBe(expected);
  });

  it('answers a pattern made to be slow in linear time', () => {
    const started = performance.now();
    matchesAny('a'.repeat(2000), [`${'*a'.repeat(200)}b`]);
    matchesAny('a/'.repeat(500), [`${'**/a/'.repeat(100)}b`]);
    matchesAny('x', ['{a,b}'.repeat(40)]);
    expect(performance.now() - started).toBeLessThan(30_000);
  });
});
