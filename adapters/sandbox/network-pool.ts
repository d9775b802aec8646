import { spawn, type ChildProcess } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { isIPv4, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { SandboxLog } from './options.ts';
import { findProgram, runTool, trustedPath } from './run-tool.ts';

/** A network namespace whose only way out is slirp4netns. */
export interface Network {
  name: string;
  /** what `nsenter --net=` takes */
  path: string;
}

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
  log: SandboxLog;
}

/** Inside, slirp4netns answers names here. */
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

interface Member extends Network {
  slirp: ChildProcess;
}

/** Why there can be no pool on this machine, or null. */
export async function missingForNetwork(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'Slipway does not run as root';
  for (const tool of ['slirp4netns', 'ip', 'nsenter']) {
    if ((await findProgram(tool)) === null) return `${tool} is not installed`;
  }
  const made = await runTool('unshare', ['-n', 'true']).catch(() => null);
  if (made?.code !== 0) return 'network namespaces cannot be made here';
  return (await isReadable('/dev/net/tun')) ? null : '/dev/net/tun is missing';
}

async function isReadable(path: string): Promise<boolean> {
  return (await runTool('test', ['-r', path])).code === 0;
}

/** Removes networks of instances that are gone; their slirp4netns went with them. */
export async function reapNetworks(dead: readonly string[]): Promise<void> {
  if (dead.length === 0) return;
  const listed = await runTool('ip', ['netns', 'list']).catch(() => null);
  for (const line of listed?.stdout.split('\n') ?? []) {
    const name = line.split(' ')[0] ?? '';
    if (dead.some((instance) => name.startsWith(`slipway-${instance}-`))) await deleteNetwork(name);
  }
}

/** Opens the pool; the first networks are made in the background, `acquire` waits for one if it must. */
export function openNetworkPool(options: NetworkPoolOptions): NetworkPool {
  const idle: Promise<Member>[] = [];
  const members = new Map<string, Member>();
  let counter = 0;
  let closed = false;
  const make = async (): Promise<Member> => {
    counter += 1;
    const member = await makeMember(`slipway-${options.instance}-${counter}`, options);
    members.set(member.name, member);
    if (closed) await drop(member);
    return member;
  };
  const drop = async (member: Member): Promise<void> => {
    members.delete(member.name);
    member.slirp.kill('SIGKILL');
    await deleteNetwork(member.name);
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
      const alive = ready !== null && ready !== undefined && ready.slirp.exitCode === null;
      return alive ? ready : make();
    },
    release: async (network, reusable) => {
      const member = members.get(network.name);
      if (member === undefined) return;
      const good = reusable && !closed && member.slirp.exitCode === null;
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

async function makeMember(name: string, options: NetworkPoolOptions): Promise<Member> {
  const added = await runTool('ip', ['netns', 'add', name]);
  if (added.code !== 0) throw new Error(`ip netns add: ${added.stderr.trim()}`);
  const path = `/run/netns/${name}`;
  try {
    const slirp = await startSlirp(path);
    const routed = await runTool('ip', ['-n', name, '-batch', '-'], {
      input: routes(options.allowPrivate),
    });
    if (routed.code === 0) return { name, path, slirp };
    slirp.kill('SIGKILL');
    throw new Error(`ip route: ${routed.stderr.trim()}`);
  } catch (error) {
    await deleteNetwork(name);
    throw error;
  }
}

/**
 * Three ways to end with us: the exit pipe, the parent-death signal, and our own kill. A mount namespace of its own keeps
 * `--enable-sandbox`, which unmounts all it sees, from unmounting the namespaces of the others.
 */
function startSlirp(path: string): Promise<ChildProcess> {
  const args = ['--pdeathsig', 'KILL', '--', 'unshare', '-m', '--', 'slirp4netns', '--configure'];
  args.push('--mtu=65520', '--disable-host-loopback', '--enable-sandbox', '--enable-seccomp');
  args.push('--netns-type=path', '--ready-fd=3', '--exit-fd=4', path, 'tap0');
  const slirp = spawn('setpriv', args, {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    env: { PATH: trustedPath },
  });
  slirp.unref();
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new Error('slirp4netns ended before its network was ready'));
    slirp.once('error', reject).once('exit', fail);
    slirp.stdio[4]?.on('error', () => undefined);
    slirp.stdio[3]?.once('data', () => {
      slirp.off('exit', fail);
      // A pipe of ours is a socket underneath; it must not keep the process alive.
      for (const end of slirp.stdio.slice(3)) (end as Socket).unref();
      resolve(slirp);
    });
  });
}

/** Private ranges and this machine's own addresses are refused, what the operator allows goes out. The last one wins. */
function routes(allowPrivate: readonly string[]): string {
  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => address.family === 'IPv4' && !address.internal)
    .map((address) => `${address.address}/32`);
  const refused = [...privateRanges, ...own].map((range) => `route replace prohibit ${range}`);
  const allowed = allowPrivate.map((range) => `route replace ${range} via 10.0.2.2 dev tap0`);
  // An allowed address can be one of our own, which `replace` alone leaves beside the refusal.
  const both = own.filter((range) => allowPrivate.includes(range));
  const freed = both.map((range) => `route del prohibit ${range}`);
  return [...refused, ...freed, ...allowed, ''].join('\n');
}

async function deleteNetwork(name: string): Promise<void> {
  await runTool('ip', ['netns', 'del', name]).catch(() => undefined);
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
