import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { findProgram, runTool, trustedPath } from './run-tool.ts';

/** One network namespace with its slirp4netns. */
export interface MadeNetwork {
  name: string;
  /** Options of `nsenter` that lead into it. */
  enter: readonly string[];
  alive(): boolean;
  /** Where slirp4netns takes requests to forward ports of the host; null when none was asked for. */
  apiSocket: string | null;
  remove(): Promise<void>;
}

const root = (): boolean => process.getuid?.() === 0;

/** Why there can be no network for steps on this machine, or null. `slirp`: its path, default found. */
export async function missingForNetwork(slirp = 'slirp4netns'): Promise<string | null> {
  for (const tool of [slirp, 'ip', 'nsenter']) {
    const there = tool.startsWith('/') ? await may(tool, constants.X_OK) : await findProgram(tool);
    if (there === null || there === false) return `${tool} is not installed`;
  }
  const made = await runTool('unshare', [root() ? '-n' : '-rn', 'true']).catch(() => null);
  if (made?.code !== 0) return 'network namespaces cannot be made here';
  const tun = await may('/dev/net/tun', constants.R_OK | constants.W_OK);
  return tun ? null : '/dev/net/tun is missing or not open to this user';
}

function may(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

export interface NetworkPlan {
  name: string;
  /** lines for `ip -batch` */
  routes: string;
  /** path for a socket by which ports of the host can be led into it */
  apiSocket: string | null;
  /** slirp4netns answers names; else whoever listens inside does */
  slirpNames: boolean;
}

/** Makes a network: with a name in /run/netns as root, else in a user namespace that a process of ours holds open. */
export function makeNetwork(plan: NetworkPlan): Promise<MadeNetwork> {
  return root() ? makeAsRoot(plan) : makeAsUser(plan);
}

async function makeAsRoot(plan: NetworkPlan): Promise<MadeNetwork> {
  const { name, routes, apiSocket } = plan;
  const added = await runTool('ip', ['netns', 'add', name]);
  if (added.code !== 0) throw new Error(`ip netns add: ${added.stderr.trim()}`);
  const path = `/run/netns/${name}`;
  try {
    // A mount namespace of its own keeps --enable-sandbox, which unmounts all it sees, from unmounting the namespaces
    // of the others.
    const command = ['unshare', '-m', '--', 'slirp4netns', '--netns-type=path', '--enable-sandbox'];
    const slirp = await startSlirp([...command, '--enable-seccomp'], path, plan);
    await setRoutes(['-n', name], routes, slirp, 'ip');
    const remove = async (): Promise<void> => {
      slirp.kill('SIGKILL');
      await deleteNamed(name);
    };
    const alive = (): boolean => slirp.exitCode === null;
    return { name, enter: [`--net=${path}`], alive, apiSocket, remove };
  } catch (error) {
    await deleteNamed(name);
    throw error;
  }
}

/** The holder reads a pipe of ours, so it goes when we go, and the namespaces with it. */
async function makeAsUser(plan: NetworkPlan): Promise<MadeNetwork> {
  const { name, routes, apiSocket } = plan;
  const holder = spawn('unshare', ['-rn', '--', 'sh', '-c', 'echo ready; exec cat'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: trustedPath },
  });
  try {
    await new Promise<void>((resolve, reject) => {
      holder.once('error', reject).once('exit', () => reject(new Error('the holder ended')));
      holder.stdout.once('data', () => resolve());
    });
    const pid = String(holder.pid);
    const enter = [`--target=${pid}`, '--user', '--net', '--preserve-credentials'];
    const slirp = await startSlirp(['slirp4netns', '--enable-seccomp'], pid, plan);
    await setRoutes([...enter, '--', 'ip'], routes, slirp, 'nsenter');
    holder.unref();
    for (const end of [holder.stdin, holder.stdout]) unref(end);
    const alive = (): boolean => slirp.exitCode === null && holder.exitCode === null;
    const remove = (): Promise<void> => {
      slirp.kill('SIGKILL');
      holder.kill('SIGKILL');
      return Promise.resolve();
    };
    return { name, enter, alive, apiSocket, remove };
  } catch (error) {
    holder.kill('SIGKILL');
    throw error;
  }
}

async function setRoutes(
  before: readonly string[],
  routes: string,
  slirp: ChildProcess,
  command: string,
): Promise<void> {
  const routed = await runTool(command, [...before, '-batch', '-'], { input: routes });
  if (routed.code === 0) return;
  slirp.kill('SIGKILL');
  throw new Error(`ip route: ${routed.stderr.trim()}`);
}

/** It ends with us in two ways: by the exit pipe, and by the parent-death signal. */
function startSlirp(
  command: readonly string[],
  target: string,
  { apiSocket, slirpNames }: NetworkPlan,
): Promise<ChildProcess> {
  const args = ['--pdeathsig', 'KILL', '--', ...command, '--configure', '--mtu=65520'];
  if (apiSocket !== null) args.push(`--api-socket=${apiSocket}`);
  if (!slirpNames) args.push('--disable-dns');
  args.push('--disable-host-loopback', '--ready-fd=3', '--exit-fd=4', target, 'tap0');
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
      for (const end of slirp.stdio.slice(3)) unref(end);
      resolve(slirp);
    });
  });
}

/** A pipe of Node is a socket underneath; it must not keep the process alive. */
function unref(end: unknown): void {
  (end as Socket).unref();
}

/** Removes networks of instances that are gone; their slirp4netns went with them. */
export async function reapNetworks(dead: readonly string[]): Promise<void> {
  if (dead.length === 0) return;
  const listed = await runTool('ip', ['netns', 'list']).catch(() => null);
  for (const line of listed?.stdout.split('\n') ?? []) {
    const name = line.split(' ')[0] ?? '';
    if (dead.some((instance) => name.startsWith(`slipway-${instance}-`))) await deleteNamed(name);
  }
}

async function deleteNamed(name: string): Promise<void> {
  await runTool('ip', ['netns', 'del', name]).catch(() => undefined);
}
