import { lookup } from 'node:dns/promises';
import { isIPv4, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { openEgress, type NetworkEgress } from './network-egress.ts';
import { makeNetwork, type MadeNetwork } from './network-namespace.ts';
import { serveSteps, type NetworkService } from './network-service.ts';
import { openInside } from './network-sockets.ts';
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
  /** Where we answer the step; null: the pool was opened without. */
  service: NetworkService | null;
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
  /** Each network has an address at which we answer. */
  services?: boolean | undefined;
  log: SandboxLog;
}

/** Inside, names are answered here, by slirp4netns or by ourselves. */
export const nameServer = '10.0.2.3';
/**
 * Of the loopback inside, which no rule of a wall closes. A step has no right to ports below 1024, so nothing of its own is
 * in the way or could answer in our place.
 */
const serviceHost = '10.0.2.4';
const servicePort = 80;

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
    member.service?.close();
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
  options: NetworkPoolOptions,
  name: string,
  apiSocket: string | null,
): Promise<Member> {
  const { allowPrivate } = options;
  const isWalled = options.egress === true;
  const forbidden = [...privateRanges, ...ownAddresses()];
  const lines = isWalled ? walledRoutes(forbidden, allowPrivate) : routes(allowPrivate);
  if (options.services === true) lines.push(`address add ${serviceHost}/32 dev lo`);
  const made = await makeNetwork({
    ...{ name, apiSocket, slirpNames: !isWalled },
    routes: [...lines, ''].join('\n'),
  });
  try {
    const ranges = { forbidden, excepted: allowPrivate };
    return { ...made, ...(await furnish(options, made.enter, ranges)) };
  } catch (error) {
    await made.remove();
    throw error;
  }
}

const nameSockets = [
  { kind: 'udp', address: nameServer, port: 53 },
  { kind: 'tcp', address: nameServer, port: 53 },
] as const;
const serviceSocket = { kind: 'tcp', address: serviceHost, port: servicePort } as const;

/** What of ours is within a network. All sockets come by one process, for starting it is what takes time. */
async function furnish(
  { egress, services }: NetworkPoolOptions,
  enter: readonly string[],
  ranges: { forbidden: readonly string[]; excepted: readonly string[] },
): Promise<Pick<Network, 'egress' | 'service'>> {
  const serve = (listener: Server | undefined): NetworkService | null =>
    listener === undefined ? null : serveSteps(listener, `http://${serviceHost}`);
  const more = services === true ? [serviceSocket] : [];
  if (egress !== true) {
    const [listener] = more.length === 0 ? [] : await openInside(enter, more);
    return { egress: null, service: serve(listener) };
  }
  const [udp, tcp, listener] = await openInside(enter, [...nameSockets, ...more]);
  return { egress: await openEgress(enter, { udp, tcp }, ranges), service: serve(listener) };
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
function walledRoutes(forbidden: readonly string[], allowPrivate: readonly string[]): string[] {
  const lines = [`address add ${nameServer}/32 dev lo`];
  lines.push(...forbidden.map((range) => `route replace ${range} dev lo`));
  lines.push(...allowPrivate.map((range) => `route replace ${range} via 10.0.2.2 dev tap0`));
  return lines;
}

/** Private ranges and this machine's own addresses are refused, what the operator allows goes out. The last one wins. */
function routes(allowPrivate: readonly string[]): string[] {
  const own = ownAddresses();
  const refused = [...privateRanges, ...own].map((range) => `route replace prohibit ${range}`);
  const allowed = allowPrivate.map((range) => `route replace ${range} via 10.0.2.2 dev tap0`);
  // An allowed address can be one of our own, which `replace` alone leaves beside the refusal.
  const both = own.filter((range) => allowPrivate.includes(range));
  const freed = both.map((range) => `route del prohibit ${range}`);
  return [...refused, ...freed, ...allowed];
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
