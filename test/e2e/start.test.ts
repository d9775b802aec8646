import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, holds } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { removeFolder } from '../support/remove-folder.ts';

const root = path.resolve(import.meta.dirname, '../..');
const startTimeoutMs = 240_000;

let home: string;
let port: number;
const running: Start[] = [];

/** `npm start` as a process of its own, and what it prints. */
interface Start {
  process: ChildProcess;
  output(): string;
  ended: Promise<number | null>;
}

function start(env: Record<string, string> = {}): Start {
  const child = spawn(process.execPath, [path.join(root, 'deploy/start.mjs')], {
    cwd: root,
    env: { ...process.env, PORT: String(port), SLIPWAY_HOME: home, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const one = { process: child, output: () => output, ended };
  running.push(one);
  return one;
}

async function untilReady(one: Start): Promise<void> {
  await eventually(() => {
    if (one.process.exitCode !== null) throw new Error(one.output());
    return Promise.resolve(one.output().includes('Ready after') ? true : undefined);
  }, startTimeoutMs);
}

async function stop(one: Start, signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
  one.process.kill(signal);
  return one.ended;
}

/** Command lines of processes that name the home of this test. */
function leftRunning(): string[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' }).split('\n');
  const envOf = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8');
    } catch {
      return '';
    }
  };
  return lines.filter((line) => {
    const pid = line.trim().split(' ')[0] ?? '';
    return line.includes(home) || envOf(pid).includes(`SLIPWAY_HOME=${home}\0`);
  });
}

/** Ports of loopback on which a process that names the home of this test listens. */
function portsOf(program: string): { host: string; port: number }[] {
  const line = leftRunning().find((one) => one.includes(program)) ?? '';
  const pid = line.trim().split(' ')[0] ?? '';
  const open = execFileSync('sh', ['-c', `readlink /proc/${pid}/fd/* || true`], {
    encoding: 'utf8',
  });
  const sockets = [...open.matchAll(/socket:\[(\d+)\]/g)].map(([, inode]) => inode);
  const table = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').trim().split('\n').slice(1);
  const fields = table.map((row) => row.trim().split(/\s+/));
  const ours = fields.filter(
    ([, , , state, ...rest]) => state === '0A' && sockets.includes(rest[5]),
  );
  return ours.map(([, local = '']) => {
    const [address = '', at = ''] = local.split(':');
    const host = Buffer.from(address, 'hex').reverse().join('.');
    return { host, port: Number.parseInt(at, 16) };
  });
}

/** Status of an order that a page of a stranger gives by a form; 0 where nobody speaks HTTP. */
async function orderedBy(page: string, host: string, at: number, path: string): Promise<number> {
  return await new Promise((resolve) => {
    const headers = { host: `${page}:${String(at)}`, origin: `http://${page}:${String(at)}` };
    const plain = { 'content-type': 'text/plain', ...headers };
    const asked = request({ host, port: at, path, method: 'POST', headers: plain }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on('error', () => {
      resolve(0);
    });
    asked.setTimeout(5000, () => asked.destroy());
    asked.end('{}');
  });
}

async function api(pathname: string, body?: unknown): Promise<{ status: number; text: string }> {
  const token = (await readFile(path.join(home, 'admin-token'), 'utf8')).trim();
  const response = await fetch(`http://127.0.0.1:${String(port)}${pathname}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

/** What the command line says about the home of this test. */
const slipway = (...words: string[]): string => slipwayOver(home, ...words);

/** The same of another home. */
function slipwayOver(over: string, ...words: string[]): string {
  return execFileSync(process.execPath, [path.join(root, 'dist/cli.mjs'), ...words], {
    cwd: root,
    env: { ...process.env, PORT: String(port), SLIPWAY_HOME: over },
    encoding: 'utf8',
  });
}

/** What Temporal opens beside the port of its protocol takes no orders from pages of strangers, and shows them nothing. */
async function expectTemporalDeaf(one: Start): Promise<void> {
  const ui = new URL(/Temporal UI\s+(\S+)/.exec(one.output())?.[1] ?? '');
  expect((await fetch(new URL('/api/v1/namespaces', ui))).status).toBe(200);
  const path = '/api/v1/namespaces/default/batch-operations/none';
  const heard: number[] = [];
  // its UI lies at another address than those of loopback that can be guessed
  const open = portsOf('server start-dev').filter(({ host }) => host === '127.0.0.1');
  expect(open.length).toBeGreaterThan(1);
  for (const { host, port: at } of [...open, { host: ui.hostname, port: Number(ui.port) }]) {
    heard.push(await orderedBy('stranger.example', host, at, path));
  }
  expect(heard.filter((status) => status !== 0 && status < 400)).toEqual([]);
  expect(await orderedBy('stranger.example', ui.hostname, Number(ui.port), '/')).toBe(421);
}

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'slipway-start-'));
  await chmod(home, 0o755);
  port = await freePort();
});
afterEach(async () => {
  for (const one of running.splice(0)) if (one.process.exitCode === null) await stop(one);
});
afterAll(async () => {
  await removeFolder(home);
});

describe('npm start', () => {
  it(
    'goes from an empty folder to a running Slipway, and keeps everything for the next start [A-CORE-02] [A-CORE-12]',
    async () => {
      const first = start();
      await untilReady(first);
      expect(first.output()).toContain(`http://127.0.0.1:${String(port)}`);
      const password = /password (\S+)/.exec(first.output())?.[1] ?? '';
      expect(password.length).toBeGreaterThan(12);
      const login = await api('/api/v1/auth/login', { name: 'admin', password });
      expect(login.status).toBe(200);
      for (const secret of ['admin-token', 'admin-password', 'postgres-password', 'master-key']) {
        const { mode } = await stat(path.join(home, secret));
        expect([secret, mode & 0o777]).toEqual([secret, 0o600]);
      }
      const made = await api('/api/v1/projects', { name: 'kept' });
      expect(made.status).toBe(201);
      // The command line finds the database that the start has brought: on a socket, nowhere else.
      const socket = path.join(home, 'postgres', '.s.PGSQL.5432');
      expect(slipway('doctor')).toContain(`Postgres: ${socket} answers`);
      const backup = path.join(home, 'backup');
      expect(slipway('backup', 'create', backup)).toContain('The backup is whole');
      await expectTemporalDeaf(first);
      expect(await stop(first)).toBe(0);
      // Where nothing runs yet, the restore brings the Postgres that the start would bring.
      const emptied = path.join(home, 'restored');
      await mkdir(emptied);
      await copyFile(path.join(home, 'master-key'), path.join(emptied, 'master-key'));
      expect(slipwayOver(emptied, 'backup', 'restore', backup)).toContain('Restored.');

      const second = start();
      await untilReady(second);
      expect(second.output()).not.toContain(password);
      expect(second.output()).toContain(path.join(home, 'admin-token'));
      expect(second.output()).not.toMatch(/Installing|Building|Database schema/);
      expect((await api('/api/v1/projects/admin/kept')).status).toBe(200);
      expect(await stop(second)).toBe(0);
    },
    2 * startTimeoutMs,
  );

  it(
    'leaves no process behind after Ctrl-C, and stops what uses others first [A-CORE-03]',
    async () => {
      const one = start();
      await untilReady(one);
      expect(leftRunning().length).toBeGreaterThan(3);
      expect(await stop(one)).toBe(0);
      const order = [...one.output().matchAll(/stopping: (.+)/g)].map((match) => match[1]);
      expect(order).toEqual(['The API', 'The workers', 'Temporal', 'Postgres']);
      await holds(() => expect(leftRunning()).toEqual([]));
      expect(existsSync(path.join(home, 'run/instance.json'))).toBe(false);
    },
    startTimeoutMs,
  );

  it(
    'refuses a second start over the same home in one sentence, and leaves the first alone',
    async () => {
      const first = start();
      await untilReady(first);
      const second = start();
      expect(await second.ended).toBe(1);
      expect(second.output()).toContain(
        `Slipway already runs here, at http://127.0.0.1:${String(port)} (process ${String(first.process.pid)}`,
      );
      expect((await api('/readyz')).status).toBe(200);
    },
    startTimeoutMs,
  );

  it('names the port that is taken and how to choose another', async () => {
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    const one = start();
    const code = await one.ended;
    await new Promise((resolve) => other.close(resolve));
    expect(code).toBe(1);
    expect(one.output()).toContain(
      `Port ${String(port)} on 127.0.0.1 is used by another program: stop that program or choose another one`,
    );
  });

  it('names the folder that it cannot write to and how to choose another', async () => {
    // root may write anywhere but into a file system of the kernel
    const closed = process.getuid?.() === 0 ? '/sys/slipway' : '/slipway';
    const one = start({ SLIPWAY_HOME: closed });
    expect(await one.ended).toBe(1);
    expect(one.output()).toMatch(/Cannot write to \/\S+ \(E\w+\): .*SLIPWAY_HOME=/);
  });

  it('names the setting that cannot be used', async () => {
    const early = start({ PORT: 'many' });
    expect(await early.ended).toBe(78);
    expect(early.output()).toContain("PORT is 'many': expected a whole number from 0 to 65535.");
    const late = start({ SLIPWAY_EXECUTOR_MEMORY_MB: 'lots' });
    expect(await late.ended).toBe(78);
    expect(late.output()).toMatch(/A setting cannot be used: executor\.memoryMb.*expected/);
  });

  it(
    'takes over the lock of a run that was killed, in one line',
    async () => {
      await writeFile(
        path.join(home, 'run/instance.json'),
        JSON.stringify({ launcher: { pid: 999_999_999, started: 'x' }, address: '', children: [] }),
      );
      const one = start();
      await untilReady(one);
      expect(one.output()).toContain(
        'The last run (process 999999999) was killed: took over its lock',
      );
    },
    startTimeoutMs,
  );
});
