import { describe, expect, it } from '@jest/globals';
import { idPrefixes } from '../../contracts/ids.ts';
import { newId } from './new-id.ts';

describe('newId', () => {
  it('gives every kind of thing a prefix of its own [A-CORE-11]', () => {
    const prefixes = Object.values(idPrefixes);
    expect(new Set(prefixes).size).toBe(prefixes.length);
    for (const kind of Object.keys(idPrefixes) as (keyof typeof idPrefixes)[]) {
      expect(newId(kind)).toMatch(new RegExp(`^${idPrefixes[kind]}_[0-9a-hjkmnp-tv-z]{26}$`));
    }
  });

  it('holds a UUID of version 7 with the time of its making [A-CORE-11]', () => {
    const before = Date.now();
    const digits = [...newId('user').slice('usr_'.length)];
    const value = digits.reduce(
      (sum, digit) => sum * 32n + BigInt('0123456789abcdefghjkmnpqrstvwxyz'.indexOf(digit)),
      0n,
    );
    expect((value >> 76n) & 15n).toBe(7n);
    expect((value >> 62n) & 3n).toBe(2n);
    const ms = Number(value >> 80n);
    expect(ms).toBeGreaterThanOrEqual(before);
    expect(ms).toBeLessThanOrEqual(Date.now());
  });

  it('never repeats, and sorts by the order of making, within one millisecond too [A-CORE-11]', () => {
    const ids = Array.from({ length: 20_000 }, () => newId('event'));
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
  });
});
