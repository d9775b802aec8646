import { BlockList, isIP } from 'node:net';

/** Everything that is not the public internet, by RFC 6890 and its successors. */
const specialV4: readonly [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];

/** Within 2000::/3, outside of which nothing is public: tunnels that hold an IPv4 address, documentation, benchmarks. */
const specialV6: readonly [string, number][] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const special = new BlockList();
for (const [net, prefix] of specialV4) special.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of specialV6) special.addSubnet(net, prefix, 'ipv6');
const globalV6 = new BlockList();
globalV6.addSubnet('2000::', 3, 'ipv6');

/** An IPv4 address written as IPv6 is judged as what it is. */
export function plainAddress(address: string): string {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare);
  if (mapped?.[1] !== undefined) return mapped[1];
  const hex = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(bare);
  if (hex?.[1] === undefined || hex[2] === undefined) return bare;
  const [high, low] = [Number.parseInt(hex[1], 16), Number.parseInt(hex[2], 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** True for an address on the public internet. Anything that is no address is not. */
export function isPublicAddress(address: string): boolean {
  const plain = plainAddress(address);
  const family = isIP(plain);
  if (family === 0) return false;
  if (family === 4) return !special.check(plain, 'ipv4');
  return globalV6.check(plain, 'ipv6') && !special.check(plain, 'ipv6');
}

/** What an operator allows besides public addresses: names, addresses, CIDR ranges. */
export class AllowedHosts {
  readonly #names = new Set<string>();
  readonly #ranges = new BlockList();

  constructor(entries: readonly string[]) {
    for (const entry of entries) {
      const [address = '', prefix] = entry.split('/');
      const plain = plainAddress(address);
      const family = isIP(plain);
      if (family === 0) this.#names.add(entry.toLowerCase());
      else {
        const type = family === 4 ? 'ipv4' : 'ipv6';
        this.#ranges.addSubnet(plain, Number(prefix ?? (family === 4 ? 32 : 128)), type);
      }
    }
  }

  hasName(name: string): boolean {
    return this.#names.has(name.toLowerCase());
  }

  hasAddress(address: string): boolean {
    const plain = plainAddress(address);
    const family = isIP(plain);
    return family !== 0 && this.#ranges.check(plain, family === 4 ? 'ipv4' : 'ipv6');
  }
}
