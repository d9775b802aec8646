import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { allocatorEnv, nodeFlags } from '../../deploy/lib/node-flags.mjs';
import { freePort } from './free-port.ts';
import { removeFolder } from './remove-folder.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { testNamespace } from './temporal.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** The built product (dist/), running against the servers of the test run, on a port and in a home of its own. */
export interface Slipway {
  baseUrl: string;
  home: string;
  database: TestDatabase;
  temporal: { address: string; namespace: string };
  adminToken: string;
  adminPassword: string;
  /** Ends a process as the kernel would, without a chance to clean up. */
  kill(which: 'api' | 'workers'): Promise<void>;
  /** Starts it again after `kill`. */
  start(which: 'api' | 'workers'): Promise<void>;
  /** What the processes have printed so far; for canary sweeps and failure messages. */
  output(): string;
  pid(which: 'api' | 'workers'): number;
  /** JSON request as the admin, unless told another token. */
  request(
    method: string,
    pathname: string,
    body?: unknown,
    token?: string | null,
  ): Promise<{ status: number; body: unknown; headers: Headers }>;
  stop(): Promise<void>;
}

export interface StartOptions {
  env?: Record<string, string>;
  /** of the workers alone */
  workersEnv?: Record<string, string>;
  /** false: only the API */
  workers?: boolean;
  /** a home that was made before; removed in the end like one of our own */
  home?: string;
  /** a command that the processes are started through, as `bash -c '…; exec "$@"' x` */
  through?: readonly string[];
  /** gives the address that the processes reach their database at, as one of a proxy before it */
  databaseThrough?: (url: string) => Promise<string>;
  /** a Temporal to use instead of a namespace of its own */
  temporal?: { address: string; namespace: string };
}

async function until(
  what: string,
  ready: () => Promise<boolean>,
  timeoutMs: number,
  output: () => string,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (Date.now() < end) {
    if (await ready().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(
    `${what} did not come up within ${String(timeoutMs)} ms:\n${output().slice(-4000)}`,
  );
}

/** Starts API and workers and waits until both are ready. */
export async function startSlipway(options: StartOptions = {}): Promise<Slipway> {
  const home = options.home ?? (await mkdtemp(path.join(tmpdir(), 'slipway-test-')));
  const database = await createTestDatabase();
  const temporal = options.temporal ?? (await testNamespace());
  const port = await freePort();
  const baseUrl = `http://127.0.0.1:${String(port)}`;
  const env = {
    ...process.env,
    ...allocatorEnv,
    NODE_OPTIONS: '',
    HOST: '127.0.0.1',
    PORT: String(port),
    PUBLIC_URL: baseUrl,
    SLIPWAY_HOME: home,
    DATABASE_URL: (await options.databaseThrough?.(database.url)) ?? database.url,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    ...options.env,
  };
  const processes = new Map<string, ChildProcess>();
  const readyPids = new Set<number>();
  let printed = '';
  const run = (which: 'api' | 'workers') => {
    const file = path.join(root, 'dist', `${which}.mjs`);
    const words = [...(options.through ?? []), process.execPath, ...nodeFlags, file];
    const child = spawn(words[0] ?? '', words.slice(1), {
      cwd: root,
      env: which === 'workers' ? { ...env, ...options.workersEnv } : env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    // Whole lines only: both processes print at once, and a line may come in two pieces.
    const keep = () => {
      let rest = '';
      return (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        if (lines.length > 0) printed = `${printed}${lines.join('\n')}\n`.slice(-4_000_000);
      };
    };
    child.on('message', () => readyPids.add(child.pid ?? -1));
    child.stdout?.setEncoding('utf8').on('data', keep());
    child.stderr?.setEncoding('utf8').on('data', keep());
    processes.set(which, child);
  };
  const waitFor = async (which: 'api' | 'workers') => {
    const ready =
      which === 'api'
        ? async () => (await fetch(`${baseUrl}/readyz`)).ok
        : () => Promise.resolve(readyPids.has(processes.get('workers')?.pid ?? -1));
    const child = processes.get(which);
    const orEnded = async () => child?.exitCode !== null || (await ready());
    await until(which, orEnded, 180_000, () => printed);
    if (child?.exitCode !== null) throw new Error(`${which} ended early:\n${printed.slice(-4000)}`);
  };
  const exited = async (child: ChildProcess | undefined, signal: NodeJS.Signals) => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      const hard = setTimeout(() => child.kill('SIGKILL'), 35_000);
      child.once('exit', () => {
        clearTimeout(hard);
        resolve();
      });
      child.kill(signal);
    });
  };
  run('api');
  await waitFor('api');
  if (options.workers !== false) {
    run('workers');
    await waitFor('workers');
  }
  const adminToken = (await readFile(path.join(home, 'admin-token'), 'utf8')).trim();
  const adminPassword = (await readFile(path.join(home, 'admin-password'), 'utf8')).trim();
  return {
    baseUrl,
    home,
    database,
    temporal,
    adminToken,
    adminPassword,
    output: () => printed,
    pid: (which) => processes.get(which)?.pid ?? -1,
    kill: (which) => exited(processes.get(which), 'SIGKILL'),
    async start(which) {
      run(which);
      await waitFor(which);
    },
    async request(method, pathname, body, token = adminToken) {
      const response = await fetch(baseUrl + pathname, {
        method,
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = (response.headers.get('content-type') ?? '').includes('json');
      return {
        status: response.status,
        body: isJson && text !== '' ? (JSON.parse(text) as unknown) : text,
        headers: response.headers,
      };
    },
    async stop() {
      await exited(processes.get('workers'), 'SIGTERM');
      await exited(processes.get('api'), 'SIGTERM');
      await database.drop();
      await removeFolder(home);
    },
  };
}
