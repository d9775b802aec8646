import { BlockList, isIP } from 'node:net';
import type { MiddlewareHandler } from 'hono';
import type { AppEnv } from '../env.ts';

function family(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

/** `::ffff:10.0.0.1` is the way that a dual-stack socket tells an IPv4 address. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '').replace(/%.*$/, '');
}

/** Addresses and CIDR ranges; what is neither is ignored, so that nothing is trusted by mistake. */
function blockList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    if (isIP(address) === 0) continue;
    if (bits === undefined) list.addAddress(address, family(address));
    else list.addSubnet(address, Number(bits), family(address));
  }
  return list;
}

/**
 * Puts the client's address at `ipAddr`. X-Forwarded-For is read from the right, and only as far as each hop is a
 * trusted proxy: a client cannot choose its own address (fault plan C7).
 */
export function realIp(trustedProxies: readonly string[]): MiddlewareHandler<AppEnv> {
  const trusted = blockList(trustedProxies);
  const isTrusted = (address: string) =>
    isIP(address) !== 0 && trusted.check(address, family(address));
  return async (c, next) => {
    const socket = c.env?.incoming?.socket?.remoteAddress;
    let address = socket === undefined ? null : plain(socket);
    const hops = (c.req.header('x-forwarded-for') ?? '').split(',').map((hop) => plain(hop.trim()));
    while (address !== null && isTrusted(address)) {
      const hop = hops.pop();
      if (hop === undefined || isIP(hop) === 0) break;
      address = hop;
    }
    c.set('ipAddr', address);
    await next();
  };
}
