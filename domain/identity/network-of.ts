import { isIPv6 } from 'node:net';

/** The first four of the eight groups of an IPv6 address. */
function firstGroups(address: string): string {
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':');
    while (groups.length + after.length < 8) groups.push('0');
    groups.push(...after);
  }
  return groups
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':');
}

/**
 * Whose tries are counted together: an IPv4 address, or the /64 of an IPv6 one, which one customer has whole. Without
 * an address all who have none are one.
 */
export function networkOf(address: string | null): string {
  if (address === null) return 'local';
  return isIPv6(address) && !address.includes('.') ? `${firstGroups(address)}::/64` : address;
}
