import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DomainError } from '../../contracts/problems.ts';
import type { ChildEnd, News, Order, SpawnPlan } from './protocol.ts';

/**
 * Starts children through a small process beside this one (`helper.mjs`): from a process as large as the API each fork
 * takes ten times as long, and nothing else goes on meanwhile. When that process is lost, so are its children, and the
 * next start makes a new one.
 */
export interface Spawner {
  /** @throws Error with the system's `code` (`ENOENT` …) when it cannot be started */
  start(plan: SpawnPlan): Promise<SpawnedChild>;
  close(): Promise<void>;
}

export interface SpawnedChild {
  pid: number;
  stdin: Socket | null;
  stdout: Socket | null;
  /** of a sandbox: the host pid of its init, null when it never came up */
  initPid: Promise<number | null>;
  /** Does not reject. */
  ended: Promise<ChildEnd & { lost: boolean }>;
  running(): boolean;
  /** to the child and all of its process group, when it has one of its own */
  kill(signal: NodeJS.Signals): void;
}

/** One child, from the order on. */
interface Entry {
  streams: Map<number, Socket>;
  wanted: number;
  pid: number | null;
  init: PromiseWithResolvers<number | null>;
  end: PromiseWithResolvers<ChildEnd & { lost: boolean }>;
  begun: PromiseWithResolvers<void>;
  over: boolean;
}

const headerBytes = 16;
const folderName = 'slipway-spawner-';
const lost = { code: null, scriptCode: null, stderr: 'the spawner was lost', lost: true };

/**
 * Opens at once; the helper is started with the first child.
 * @param temp where its socket lies, in a folder of its own
 */
export function createSpawner(temp = tmpdir()): Spawner {
  let current: Promise<Helper> | null = null;
  const helper = (): Promise<Helper> => {
    current ??= startHelper(temp, () => (current = null)).catch((error: unknown) => {
      current = null;
      throw error;
    });
    return current;
  };
  return {
    start: async (plan) => (await helper()).start(plan),
    close: async () => {
      const open = current;
      current = null;
      await (await open?.catch(() => null))?.close();
    },
  };
}

class Helper {
  readonly #child: ChildProcess;
  readonly #server: Server;
  readonly #dir: string;
  readonly #entries = new Map<number, Entry>();
  #last = 0;

  constructor(child: ChildProcess, server: Server, dir: string, onLost: () => void) {
    this.#child = child;
    this.#server = server;
    this.#dir = dir;
    child.on('message', (news) => this.#hear(news as News));
    child.once('exit', () => {
      onLost();
      for (const id of this.#entries.keys()) this.#finish(id, lost);
      void this.close();
    });
    server.on('connection', (socket) => this.#welcome(socket));
  }

  async start(plan: SpawnPlan): Promise<SpawnedChild> {
    const id = (this.#last += 1);
    const entry: Entry = {
      streams: new Map(),
      wanted: (plan.stdin === 'stream' ? 1 : 0) + (plan.stdout === 'stream' ? 1 : 0),
      pid: null,
      init: withResolvers(),
      end: withResolvers(),
      begun: withResolvers(),
      over: false,
    };
    this.#entries.set(id, entry);
    this.#hold();
    const order: Order = { id, plan };
    if (!this.#child.connected) this.#finish(id, lost);
    else this.#child.send(order, (error) => (error === null ? undefined : this.#finish(id, lost)));
    await entry.begun.promise;
    const pid = entry.pid ?? 0;
    return {
      pid,
      stdin: entry.streams.get(0) ?? null,
      stdout: entry.streams.get(1) ?? null,
      initPid: entry.init.promise,
      ended: entry.end.promise,
      running: () => !entry.over,
      kill: (signal) => {
        if (!entry.over && pid > 1) kill(plan.inOurGroup === true ? pid : -pid, signal);
      },
    };
  }

  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    this.#server.close();
    await rm(this.#dir, { recursive: true, force: true });
  }

  #hear(news: News): void {
    if (news.news === 'ready') return;
    const entry = this.#entries.get(news.id);
    if (entry === undefined) return;
    switch (news.news) {
      case 'started':
        entry.pid = news.pid;
        return this.#settle(news.id, entry);
      case 'init':
        return entry.init.resolve(news.pid);
      case 'ended':
        return this.#finish(news.id, { ...news, lost: false });
      case 'failed': {
        const error = Object.assign(new Error(news.message), { code: news.code ?? undefined });
        entry.begun.reject(error);
        return this.#finish(news.id, lost);
      }
    }
  }

  /** A connection of the helper says first whose stream it is. */
  #welcome(socket: Socket): void {
    socket.on('error', () => undefined);
    const read = (): void => {
      const header = socket.read(headerBytes) as Buffer | null;
      if (header === null) return;
      socket.off('readable', read);
      const [id, fd] = header.toString('latin1').split(':').map(Number);
      const entry = this.#entries.get(id ?? 0);
      if (entry === undefined) return void socket.destroy();
      entry.streams.set(fd ?? 0, socket);
      // Nothing comes from there but the news that the child has closed it.
      if (fd === 0) socket.resume();
      this.#settle(id ?? 0, entry);
    };
    socket.on('readable', read);
  }

  #settle(id: number, entry: Entry): void {
    if (entry.pid === null || entry.streams.size < entry.wanted) return;
    entry.begun.resolve();
    if (entry.over) this.#forget(id);
  }

  #forget(id: number): void {
    this.#entries.delete(id);
    this.#hold();
  }

  /** This process stays for children under way, and for nothing else. */
  #hold(): void {
    if (this.#entries.size > 0) this.#child.channel?.ref();
    else this.#child.channel?.unref();
  }

  #finish(id: number, end: ChildEnd & { lost: boolean }): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.over = true;
    // A quick child's end can be told before its streams have arrived.
    if (end.lost || entry.streams.size === entry.wanted) this.#forget(id);
    entry.init.resolve(null);
    entry.end.resolve(end);
    if (end.lost) {
      entry.begun.reject(
        new DomainError('unavailable', 'The process that starts others was lost.'),
      );
      for (const stream of entry.streams.values()) stream.destroy();
    }
  }
}

async function startHelper(temp: string, onLost: () => void): Promise<Helper> {
  await sweepFolders(temp);
  const dir = await mkdtemp(join(temp, `${folderName}${String(process.pid)}-`));
  const socketPath = join(dir, 's');
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(socketPath, resolve);
  });
  server.unref();
  const [command = '', ...args] = helperCommand(socketPath);
  const child = spawn(command, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { PATH: process.env['PATH'] },
  });
  const helper = new Helper(child, server, dir, onLost);
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('error', reject);
    child.once('exit', () => reject(new Error('the spawner ended before it was ready')));
  });
  child.unref();
  child.channel?.unref();
  return helper;
}

/**
 * Folders of processes that were killed. Anybody may make one of such a name in a shared temporary folder, and put links in
 * its place while it is emptied: only what is ours and no link is touched, which nobody else can replace there.
 */
async function sweepFolders(temp: string): Promise<void> {
  for (const name of await readdir(temp)) {
    const pid = name.startsWith(folderName) ? name.slice(folderName.length).split('-')[0] : '';
    if (pid === undefined || !/^\d+$/.test(pid) || existsSync(`/proc/${pid}`)) continue;
    const folder = join(temp, name);
    const info = await lstat(folder).catch(() => null);
    if (info?.isDirectory() !== true || info.uid !== process.getuid?.()) continue;
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** The kernel ends the helper when this process is killed; where setpriv is missing, the closing channel does. */
function helperCommand(socketPath: string): string[] {
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((file) => existsSync(file));
  const tied = setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL', '--'];
  return [...tied, process.execPath, '--max-old-space-size=128', helperFile(), socketPath];
}

/** Beside this file in the source; in a bundle it is a file of its own. */
function helperFile(): string {
  const places = ['./helper.mjs', './spawner.mjs', '../spawner.mjs'];
  const files = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const found = files.find((file) => existsSync(file));
  if (found === undefined) throw new Error('spawner.mjs is missing: build again');
  return found;
}

/** @param target a process, or the group of a leader's number below zero */
function kill(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch {
    // It ended by itself in the meantime.
  }
}

interface PromiseWithResolvers<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: Error) => void;
}

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((settle, refuse) => {
    resolve = settle;
    reject = refuse;
  });
  // Whoever asks for it sees the failure; one that nobody asks for must not end the process.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
