import { lookup as systemLookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type HostRules, OutboundError } from '../../contracts/outbound/types.ts';
import { AllowedHosts, isPublicAddress, plainAddress } from './public-address.ts';

const lookupMs = 10_000;

/** All addresses of a name; the system's own way unless told. */
export type Lookup = (hostname: string) => Promise<string[]>;

const bySystem: Lookup = async (hostname) =>
  (await systemLookup(hostname, { all: true })).map(({ address }) => address);

/** What the operator's list says of a host by its name. */
export function createHostRules(allowHosts: readonly string[]): HostRules {
  const allowed = new AllowedHosts(allowHosts);
  const isNamed = (host: string) => {
    const plain = plainAddress(host);
    return allowed.hasName(plain) || allowed.hasAddress(plain);
  };
  return {
    isNamed,
    mayBeReached(host) {
      const plain = plainAddress(host);
      return isIP(plain) === 0 || isPublicAddress(plain) || isNamed(plain);
    },
  };
}

/**
 * For programs that connect by themselves: resolves a host once, to the addresses that they must be bound to. Each of
 * them must be public or allowed, as for requests of our own.
 * @throws OutboundError when one of them may not be reached, or there is none
 */
export function createHostResolver(
  allowHosts: readonly string[],
  lookup: Lookup = bySystem,
): (hostname: string) => Promise<string[]> {
  const allowed = new AllowedHosts(allowHosts);
  return async (hostname) => {
    const host = plainAddress(hostname);
    const found = isIP(host) === 0 ? await inTime(lookup(host)) : [host];
    const mayReach = (ip: string) =>
      allowed.hasName(host) || isPublicAddress(ip) || allowed.hasAddress(ip);
    if (!found.every(mayReach)) {
      throw new OutboundError(
        `${host} is not a public address, and the operator has not allowed it`,
        true,
      );
    }
    return found;
  };
}

async function inTime(asked: Promise<string[]>): Promise<string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new OutboundError('Its name was not resolved in time', false));
    }, lookupMs);
  });
  try {
    return await Promise.race([asked, late]);
  } catch (error) {
    if (error instanceof OutboundError) throw error;
    throw new OutboundError('Its name cannot be resolved', false);
  } finally {
    clearTimeout(timer);
  }
}
