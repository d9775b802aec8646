import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { removeFolder } from './remove-folder.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

export const serviceNames = ['api', 'workers', 'temporal', 'postgres'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** The whole product as `npm start` runs it, with servers and data of its own. */
export interface LaunchedSlipway {
  baseUrl: string;
  home: string;
  adminToken: string;
  /** of the launcher, or of what it was started through; all other processes are beneath it */
  pid: number;
  /** Ends a part with SIGKILL; the launcher brings it back. Resolves once another process has its place. */
  kill(name: ServiceName): Promise<void>;
  /** Request as the admin; waits while the API is away (connection refused, 502–504), up to a minute. */
  request(
    method: string,
    pathname: string,
    body?: unknown,
  ): Promise<{ status: number; body: unknown }>;
  stop(): Promise<void>;
}

async function childPid(home: string, name: ServiceName): Promise<number | undefined> {
  const record = JSON.parse(await readFile(path.join(home, 'run', 'instance.json'), 'utf8')) as {
    children: { name: string; pid: number }[];
  };
  return record.children.find((child) => child.name === name)?.pid;
}

/** Where the product is run from and with what. */
export interface LaunchPlace {
  /** a clone, installed and built; ours unless told */
  tree?: string;
  /** made before, removed in the end like one of our own */
  home?: string;
  /** a command that the launcher is started through, and that passes signals on to it */
  through?: readonly string[];
}

/** Runs deploy/start.mjs in a new home and waits until it serves. */
export async function launchSlipway(
  env: Record<string, string> = {},
  { tree = root, through = [], ...place }: LaunchPlace = {},
): Promise<LaunchedSlipway> {
  const home = place.home ?? (await mkdtemp(path.join(tmpdir(), 'slipway-launched-')));
  const port = await freePort();
  const baseUrl = `http://127.0.0.1:${String(port)}`;
  const words = [...through, process.execPath, path.join(tree, 'deploy', 'start.mjs')];
  const launcher = spawn(words[0] ?? '', words.slice(1), {
    cwd: tree,
    env: { ...process.env, NODE_OPTIONS: '', PORT: String(port), SLIPWAY_HOME: home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  launcher.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  launcher.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  let ended = false;
  launcher.once('exit', () => (ended = true));
  await eventually(async () => {
    if (ended) return true;
    return (await fetch(`${baseUrl}/readyz`)).ok &&
      (await fetch(`${baseUrl}/readyz?part=workers`)).ok
      ? true
      : undefined;
  }, 180_000);
  if (ended) throw new Error(`the launcher ended:\n${printed}`);
  const adminToken = (await readFile(path.join(home, 'admin-token'), 'utf8')).trim();
  return {
    baseUrl,
    home,
    adminToken,
    pid: launcher.pid ?? -1,
    async kill(name) {
      // It may be on its way up again just now, after it lost something that was killed before.
      const pid = await eventually(async () => {
        const found = await childPid(home, name);
        if (found !== undefined) process.kill(found, 'SIGKILL');
        return found;
      });
      await eventually(async () => {
        const next = await childPid(home, name);
        return next !== undefined && next !== pid ? true : undefined;
      }, 120_000);
    },
    request: (method, pathname, body) => request(baseUrl, adminToken, { method, pathname, body }),
    stop: () => stop(launcher, home),
  };
}

async function request(
  baseUrl: string,
  token: string,
  { method, pathname, body }: { method: string; pathname: string; body: unknown },
): Promise<{ status: number; body: unknown }> {
  return await eventually(async () => {
    const response = await fetch(baseUrl + pathname, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if ([502, 503, 504].includes(response.status)) throw new Error(text);
    return {
      status: response.status,
      body: text.startsWith('{') ? (JSON.parse(text) as unknown) : text,
    };
  }, 180_000);
}

async function stop(launcher: ChildProcess, home: string): Promise<void> {
  if (launcher.exitCode === null && launcher.signalCode === null) {
    await new Promise<void>((resolve) => {
      const hard = setTimeout(() => launcher.kill('SIGKILL'), 60_000);
      launcher.once('exit', () => {
        clearTimeout(hard);
        resolve();
      });
      launcher.kill('SIGINT');
    });
  }
  await removeFolder(home);
}
