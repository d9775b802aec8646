import { execFile } from 'node:child_process';
import { access, constants, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Config } from '../../contracts/config.ts';
import { loadBuilt } from '../built.ts';

/** What a look at one thing found. `missing` is a failure, `weak` is worth knowing. */
interface Finding {
  state: 'ok' | 'weak' | 'missing';
  name: string;
  detail: string;
}

const marks = { ok: '✓', weak: '!', missing: '✗' } as const;
const connectTimeoutMs = 2_000;

/** Looks at everything Slipway stands on and says what is missing or not enforced. @returns 1 when something is missing */
export async function doctor(args: readonly string[]): Promise<number> {
  const { loadConfig, databaseUrl } = await loadBuilt('config');
  const config = loadConfig({ env: process.env, args });
  const findings = [
    ...(await Promise.all([
      tool('git', ['--version'], 'repositories', 'missing'),
      tool('git-lfs', ['--version'], 'large files', 'weak'),
      tool('bwrap', ['--version'], 'the sandbox of steps', 'missing'),
      tool('slirp4netns', ['--version'], 'the network of steps', 'weak'),
      tool('nft', ['--version'], 'lists and records of what steps reach', 'weak'),
      folder(config.home),
      ...(await servers(config, databaseUrl(config))),
    ])),
    ...(await sandbox()),
  ];
  for (const { state, name, detail } of findings) {
    console.log(`${marks[state]} ${name}: ${detail}`);
  }
  return findings.some(({ state }) => state === 'missing') ? 1 : 0;
}

async function tool(
  command: string,
  args: string[],
  why: string,
  without: 'weak' | 'missing',
): Promise<Finding> {
  try {
    const { stdout } = await promisify(execFile)(command, args, { timeout: 10_000 });
    return { state: 'ok', name: command, detail: stdout.split('\n')[0] ?? '' };
  } catch {
    return { state: without, name: command, detail: `not found; needed for ${why}` };
  }
}

async function folder(home: string): Promise<Finding> {
  const place = path.resolve(home);
  try {
    await access(place, constants.W_OK);
    return { state: 'ok', name: 'data', detail: `${place} is writable` };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    const detail = code === 'ENOENT' ? 'is made by the first start' : `is not writable (${code})`;
    return {
      state: code === 'ENOENT' ? 'weak' : 'missing',
      name: 'data',
      detail: `${place} ${detail}`,
    };
  }
}

/** Servers at the configured addresses, or those that `npm start` runs over the same home. */
async function servers(config: Config, database: string): Promise<Promise<Finding>[]> {
  const ports = await portsOfStart(config.home);
  const isOwn = config.database.url === null && config.database.host === 'localhost';
  const { ownDatabaseUrl } = await loadBuilt('config');
  const own = isOwn ? await ownDatabaseUrl(config.home) : null;
  const [host = '', port = '7233'] = config.temporal.address.split(':');
  const isDefault = config.temporal.address === 'localhost:7233';
  return [
    reach('Postgres', await placeOfDatabase(own ?? database)),
    reach(
      'Temporal',
      isDefault && ports
        ? { host: '127.0.0.1', port: ports.temporal }
        : { host, port: Number(port) },
    ),
    reach('Slipway', { host: config.server.host, port: config.server.port }),
  ];
}

async function placeOfDatabase(address: string): Promise<Place> {
  const { socketFile } = await loadBuilt('config');
  const { hostname, port, searchParams } = new URL(address);
  const host = searchParams.get('host') ?? hostname;
  const number = Number(port || 5432);
  return host.startsWith('/') ? { path: socketFile(host, number) } : { host, port: number };
}

async function portsOfStart(home: string): Promise<{ temporal: number } | null> {
  try {
    const text = await readFile(path.resolve(home, 'run', 'ports.json'), 'utf8');
    return JSON.parse(text) as { temporal: number };
  } catch {
    return null;
  }
}

/** A port of a host, or a socket. */
type Place = { host: string; port: number } | { path: string };

function reach(name: string, place: Place): Promise<Finding> {
  const address = 'path' in place ? place.path : `${place.host}:${String(place.port)}`;
  return new Promise((resolve) => {
    const socket = connect({ ...place, timeout: connectTimeoutMs });
    const answer = (state: Finding['state'], detail: string) => {
      socket.destroy();
      resolve({ state, name, detail });
    };
    socket.once('connect', () => answer('ok', `${address} answers`));
    socket.once('timeout', () => answer('weak', `${address} does not answer`));
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      answer(
        'weak',
        code === 'EACCES'
          ? `${address} is another user's: run this as the one who started Slipway`
          : `nothing listens at ${address} (is Slipway started?)`,
      ),
    );
  });
}

async function sandbox(): Promise<Finding[]> {
  const { createProcessExecutor } = await loadBuilt('sandbox');
  const executor = createProcessExecutor({ hostEnv: process.env });
  try {
    const { ready, problem, enforced, notEnforced } = await executor.describe();
    if (!ready) return [{ state: 'missing', name: 'sandbox', detail: problem ?? 'not ready' }];
    return [
      ...enforced.map((detail): Finding => ({ state: 'ok', name: 'steps', detail })),
      ...notEnforced.map((detail): Finding => ({ state: 'weak', name: 'not enforced', detail })),
    ];
  } finally {
    await executor.close();
  }
}
