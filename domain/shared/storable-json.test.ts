import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, storableJson, storableText } from './storable-json.ts';

describe('JSON for the database', () => {
  it('has the same canonical text in whatever order its keys came [A-AUD-03]', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('tells different values apart [A-AUD-03]', () => {
    expect(canonicalJson({ a: { b: 1 } })).not.toBe(canonicalJson({ a: { b: '1' } }));
    expect(canonicalJson({ a: [1, 2] })).not.toBe(canonicalJson({ a: [2, 1] }));
    expect(canonicalJson({ a: null })).not.toBe(canonicalJson({}));
  });

  it('leaves nothing that Postgres refuses [A-AUD-01]', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(storableText(text)).not.toMatch(/\0/);
        expect(storableText(text)).not.toMatch(/\p{Surrogate}/u);
      }),
    );
    expect(storableText('a\ud83d\ude00b\ud83d')).toBe('a\ud83d\ude00b\ufffd');
    expect(storableJson({ deep: [{ text: 'a\0b', half: '\ud83d' }] })).toEqual({
      deep: [{ text: 'a\ufffdb', half: '\ufffd' }],
    });
    expect(storableJson({ at: new Date(0), n: 5n, gone: undefined })).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      n: '5',
    });
  });
});
