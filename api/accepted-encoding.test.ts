import { describe, expect, it } from '@jest/globals';
import { preferredEncoding } from './accepted-encoding.ts';

describe('the encoding of an answer', () => {
  it.each([
    [undefined, null],
    ['', null],
    ['identity', null],
    ['gzip, deflate, br', 'br'],
    ['gzip', 'gzip'],
    ['GZIP;q=0.5', 'gzip'],
    ['br;q=0, gzip;q=1', 'gzip'],
    ['gzip;q=0, br;q=0', null],
    ['*', 'br'],
    ['*;q=0', null],
    ['br;q=0, *', 'gzip'],
    ['brotli, xgzip', null],
  ])('for %j is %j', (header, wanted) => {
    expect(preferredEncoding(header, ['br', 'gzip'])).toBe(wanted);
  });
});
