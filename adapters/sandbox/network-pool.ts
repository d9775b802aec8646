import { lookup } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { openEgress, type NetworkEgress } from './network-egress.ts';
import { makeNetwork, type MadeNetwork } from './network-namespace.ts';
import type { SandboxLog } from './options.ts';

/** A network namespace whose only way out is slirp4netns. */
export interface Network {
  name: string;
  /** Options of `nsenter` that lead into it. */
  enter: readonly string[];
  /** Where slirp4netns takes requests to forward ports of the host; null when the pool was opened without. */
  apiSocket: string | null;
  /** null: the pool was opened without, nothing is recorded and no list is kept */
  egress: NetworkEgress | null;
  alive(): boolean;
}

type Member = MadeNetwork & Network;

export interface NetworkPool {
  acquire(): Promise<Network>;
  /** `reusable` only when nothing that used it is alive. */
  release(network: Network, reusable: boolean): Promise<void>;
  close(): Promise<void>;
}

export interface NetworkPoolOptions {
  instance: string;
  warm: number;
  allowPrivate: readonly string[];
  /** Folder for sockets by which ports of the host can be led into a network. */
  apiDir?: string | undefined;
  /** Each network has a wall that records what is asked of it. */
  egress?: boolean | undefined;
  log: SandboxLog;
}

/** Inside, names are answered here, by slirp4netns or by ourselves. */
export const nameServer = '10.0.2.3';

/** RFC 1918, link-local with the cloud metadata address (RFC 3927), carrier NAT (RFC 6598), benchmark (RFC 2544). */
const privateRanges = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '100.64.0.0/10',
  '198.18.0.0/15',
];

/** Opens the pool; the first networks are made in the background, `acquire` waits for one if it must. */
export function openNetworkPool(options: NetworkPoolOptions): NetworkPool {
  const idle: Promise<Member>[] = [];
  const members = new Map<string, Member>();
  let counter = 0;
  let closed = false;
  const make = async (): Promise<Member> => {
    counter += 1;
    const name = `slipway-${options.instance}-${String(counter)}`;
    const { apiDir } = options;
    const apiSocket = apiDir === undefined ? null : join(apiDir, `${String(counter)}.sock`);
    const member = await makeMember(options, name, apiSocket);
    members.set(member.name, member);
    if (closed) await drop(member);
    return member;
  };
  const drop = async (member: Member): Promise<void> => {
    members.delete(member.name);
    member.egress?.close();
    await member.remove();
  };
  const refill = (): void => {
    while (!closed && idle.length < options.warm) {
      const made = make();
      // Whoever takes it sees the error; an unused one must not bring the process down.
      made.catch(() => undefined);
      idle.push(made);
    }
  };
  refill();
  return {
    acquire: async () => {
      const ready = await idle.shift()?.catch(() => null);
      refill();
      const alive = ready !== null && ready !== undefined && ready.alive();
      return alive ? ready : make();
    },
    release: async (network, reusable) => {
      const member = members.get(network.name);
      if (member === undefined) return;
      const good = reusable && !closed && member.alive();
      if (good && idle.length < options.warm * 2) idle.push(Promise.resolve(member));
      else await drop(member);
    },
    close: async () => {
      closed = true;
      await Promise.allSettled(idle.splice(0));
      await Promise.all([...members.values()].map((member) => drop(member)));
    },
  };
}

async function makeMember(
  { egress, allowPrivate }: NetworkPoolOptions,
  name: string,
  apiSocket: string | null,
): Promise<Member> {
  if (egress !== true) {
    const plan = { name, routes: routes(allowPrivate), apiSocket, slirpNames: true };
    return { ...(await makeNetwork(plan)), egress: null };
  }
  const forbidden = [...privateRanges, ...ownAddresses()];
  const plan = { name, routes: walledRoutes(forbidden, allowPrivate), apiSocket };
  const made = await makeNetwork({ ...plan, slirpNames: false });
  try {
    const ranges = { forbidden, excepted: allowPrivate };
    return { ...made, egress: await openEgress(made.enter, nameServer, ranges) };
  } catch (error) {
    await made.remove();
    throw error;
  }
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => address.family === 'IPv4' && !address.internal)
    .map((address) => `${address.address}/32`);
}

/**
 * What is refused leads to the loopback, where the wall sees, counts and refuses it; without the wall it would end there
 * all the same. Names are answered on an address of the loopback too.
 */
function walledRoutes(forbidden: readonly string[], allowPrivate: readonly string[]): string {
  const lines = [`address add ${nameServer}/32 dev lo`];
  lines.push(...forbidden.map((range) => `route replace ${range} dev lo`));
  lines.push(...allowPrivate.map((range) => `route replace ${range} via 10.0.2.2 dev tap0`));
  return [...lines, ''].join('\n');
}

/** Private ranges and this machine's own addresses are refused, what the operator allows goes out. The last one wins. */
function routes(allowPrivate: readonly string[]): string {
  const own = ownAddresses();
  const refused = [...privateRanges, ...own].map((range) => `route replace prohibit ${range}`);
  const allowed = allowPrivate.map((range) => `route replace ${range} via 10.0.2.2 dev tap0`);
  // An allowed address can be one of our own, which `replace` alone leaves beside the refusal.
  const both = own.filter((range) => allowPrivate.includes(range));
  const freed = both.map((range) => `route del prohibit ${range}`);
  return [...refused, ...freed, ...allowed, ''].join('\n');
}

/**
 * The private addresses behind the registries and proxies that the operator names: steps must reach them. Addresses on
 * the host's loopback stay out of reach and are logged.
 */
export async function addressesOf(urls: readonly string[], log: SandboxLog): Promise<string[]> {
  const hosts = new Set(urls.map(hostOf).filter((host) => host !== null));
  const found: string[] = [];
  for (const host of hosts) {
    const answers = await lookup(host, { all: true, family: 4 }).catch(() => []);
    for (const { address } of answers) {
      if (!isIPv4(address)) continue;
      if (address.startsWith('127.')) log('warn', `steps cannot reach ${host}: it is on loopback`);
      else found.push(`${address}/32`);
    }
  }
  return found;
}

/** The host that a URL names, or null. */
export function hostOf(url: string): string | null {
  try {
    const { hostname } = new URL(url);
    return hostname === '' ? null : hostname;
  } catch {
    return null;
  }
}
