import { describe, expect, it } from '@jest/globals';
import { networkOf } from './network-of.ts';

describe('the network of an address', () => {
  it('is an IPv4 address by itself, and the /64 of an IPv6 one in whatever spelling [A-CORE-07]', () => {
    expect(networkOf('192.0.2.7')).toBe('192.0.2.7');
    for (const spelling of [
      '2001:db8:0:1::1',
      '2001:DB8::1:ffff:ffff:ffff:ffff',
      '2001:0db8:0000:0001:0000:0000:0000:0002',
    ]) {
      expect(networkOf(spelling)).toBe('2001:db8:0:1::/64');
    }
    expect(networkOf('2001:db8:0:2::1')).not.toBe(networkOf('2001:db8:0:1::1'));
    expect(networkOf('::1')).toBe('0:0:0:0::/64');
    expect(networkOf(null)).toBe('local');
  });
});
