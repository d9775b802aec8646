import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createMasker } from './mask.ts';

const secret = 'Zk9+pW/7?x=Q~"é\\tR&3<u\'0$%Hs;J>vB{yN}m1';

const url = (text: string, lower = false): string =>
  encodeURIComponent(text).replace(/%../g, (hex) => (lower ? hex.toLowerCase() : hex));

const forms: Record<string, (value: string) => string> = {
  plain: (value) => value,
  base64: (value) => Buffer.from(value).toString('base64'),
  'base64 without padding': (value) => Buffer.from(value).toString('base64').replace(/=+$/, ''),
  'base64 for addresses': (value) => Buffer.from(value).toString('base64url'),
  'hex, lower': (value) => Buffer.from(value).toString('hex'),
  'hex, upper': (value) => Buffer.from(value).toString('hex').toUpperCase(),
  'percent, upper': (value) => url(value),
  'percent, lower': (value) => url(value, true),
  json: (value) => JSON.stringify(value).slice(1, -1),
  'json in json': (value) => JSON.stringify(JSON.stringify(value).slice(1, -1)).slice(1, -1),
  shell: (value) => value.replaceAll("'", `'\\''`),
};

function mask(values: string[], chunks: (string | Buffer)[]): string {
  const masker = createMasker(values);
  return Buffer.concat([
    ...chunks.map((chunk) => masker.push(Buffer.from(chunk))),
    masker.end(),
  ]).toString();
}

describe('createMasker', () => {
  it.each(Object.keys(forms))(
    'masks a secret as %s, split at each byte [A-PIPE-11] [E6]',
    (name) => {
      const form = Buffer.from(forms[name]?.(secret) ?? '');
      for (let cut = 0; cut <= form.length; cut++) {
        const output = mask(
          [secret],
          ['before ', form.subarray(0, cut), form.subarray(cut), ' after\n'],
        );
        expect(output).toBe('before *** after\n');
      }
    },
  );

  it('masks base64 at every alignment, within longer data [A-PIPE-11]', () => {
    for (const before of ['', 'a', 'ab', 'abc', 'user:']) {
      for (const after of ['', 'z', 'zy', 'zyx']) {
        const encoded = Buffer.from(before + secret + after).toString('base64');
        const output = mask([secret], [encoded]);
        expect(output).toContain('***');
        // what is left are the neighbours and at most the two characters that mix their bits with the secret's
        const left = output.replace('***', '').length;
        expect(left).toBeLessThanOrEqual(Math.ceil(((before.length + after.length) * 8) / 6) + 4);
      }
    }
  });

  it('masks base64 and hex that were wrapped into lines [A-PIPE-11]', () => {
    const key = 'k'.repeat(30) + secret.repeat(4);
    for (const encoding of ['base64', 'hex'] as const) {
      const wrapped = Buffer.from(`x${key}`).toString(encoding).replace(/.{60}/g, '$&\n');
      expect(mask([key], [wrapped]).length).toBeLessThan(16);
    }
  });

  it('masks each line of a secret that has several [A-PIPE-11]', () => {
    const key = '-----BEGIN KEY-----\nabcdefghijkl\r\n  mnopqrstuvwx\n-----END KEY-----\n';
    const output = mask([key], ['one abcdefghijkl two mnopqrstuvwx three ', key]);
    expect(output).toBe('one *** two *** three ***');
  });

  it('leaves values under four bytes and text that only begins like a secret', () => {
    expect(mask(['abc', 'secret-value'], ['abc secret-val secret', '-other'])).toBe(
      'abc secret-val secret-other',
    );
  });

  it('covers secrets that overlap, and one within another, with one mask', () => {
    expect(mask(['abcdef', 'defghi', 'cdef'], ['<abcdefghi> <abcdef>'])).toBe('<***> <***>');
  });

  it('holds nothing back that cannot be part of a secret', () => {
    const masker = createMasker(['hunter2-value']);
    expect(masker.push(Buffer.from('Enter it:')).toString()).toBe('Enter it:');
    expect(masker.push(Buffer.from(' hunt')).toString()).toBe(' ');
    expect(masker.push(Buffer.from('ing\n')).toString()).toBe('hunting\n');
    expect(masker.push(Buffer.from('hunter2')).toString()).toBe('');
    expect(masker.end().toString()).toBe('hunter2');
    expect(masker.push(Buffer.from('is hunter2-value')).toString()).toBe('is ***');
    expect(masker.push(Buffer.from('\n')).toString()).toBe('\n');
  });

  it('holds nothing back for line breaks that are no wrap, however many there are [A-PIPE-11]', () => {
    const masker = createMasker([secret]);
    masker.push(Buffer.from(secret.slice(0, 12)));
    const breaks = Buffer.alloc(4096, 10);
    const out = masker.push(breaks);
    expect(out.toString()).toBe(secret.slice(0, 12) + '\n'.repeat(4096));
    expect(masker.push(Buffer.from(`${secret}.`)).toString()).toBe('***.');
    for (const wrap of ['\n', '\r\n', '\n\n']) {
      expect(mask([secret], [secret.slice(0, 12), wrap, secret.slice(12)])).toBe('***');
    }
  });

  it('masks file names and error texts too [E6]', () => {
    const masker = createMasker([secret]);
    for (const form of Object.values(forms)) {
      expect(masker.text(`cannot open /out/${form(secret)}.txt`)).toBe('cannot open /out/***.txt');
    }
  });

  it('gives the same bytes however the stream is cut', () => {
    const letters = fc.constantFrom('a', 'b', '\n', 'é');
    const word = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
      fc.array(letters, { minLength, maxLength }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        fc.array(word(4, 12), { minLength: 1, maxLength: 3 }),
        word(0, 60),
        fc.array(fc.nat(70), { maxLength: 6 }),
        (secrets, text, cuts) => {
          const bytes = Buffer.from(text);
          const edges = [
            0,
            ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b),
            bytes.length,
          ];
          const chunks = edges
            .slice(1)
            .map((edge, index) => bytes.subarray(edges[index] ?? 0, edge));
          const whole = mask(secrets, [bytes]);
          expect(mask(secrets, chunks)).toBe(whole);
          const long = secrets.filter((value) => Buffer.byteLength(value) >= 4);
          for (const value of long) expect(whole).not.toContain(value);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('takes 20 MB of ordinary output in seconds', () => {
    const masker = createMasker([
      secret,
      ...Array.from({ length: 20 }, (_, index) => `other-secret-${index}-value`),
    ]);
    const line = Buffer.from(
      '2026-01-01 compiled module src/pages/index.ts in 12 ms (cached)\n'.repeat(1000),
    );
    const started = performance.now();
    for (let index = 0; index < 20_000_000 / line.length; index++) masker.push(line);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
