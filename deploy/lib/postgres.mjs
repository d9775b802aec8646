import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { urlOfOwnDatabase } from '../../adapters/config/own-database.mjs';
import { StartFailure } from './failure.mjs';
import { keptSecret } from './home.mjs';
import { innerPortObstacle, isDeadSocket } from './ports.mjs';
import { lastLine, runCommand } from './run-command.mjs';
import { postgresProgram } from './postgres-program.mjs';
import { askUntil } from './supervisor.mjs';

const version = '18';
const role = 'slipway';
const readyTimeoutMs = 60_000;

/** @typedef {import('../../adapters/config/own-database.mjs').OwnDatabase} OwnDatabase */

/**
 * The embedded Postgres as a service. Makes the cluster when there is none. Durable: fsync stays on, and a crash of
 * anything loses no commit that was answered. It listens on a socket that no other account reaches, so nobody can
 * answer in its place while it is away.
 * @param {string} home
 * @param {OwnDatabase} place
 * @returns {Promise<{ service: import('./supervisor.mjs').Service, url: string, adminUrl: string }>}
 *   `url` of the database, `adminUrl` of the maintenance database; both hold the password
 */
export async function postgresService(home, place) {
  const data = path.join(home, 'postgres');
  const password = await keptSecret(path.join(home, 'postgres-password'));
  const program = await postgresProgram(home);
  if (existsSync(data)) await checkVersion(data);
  else await makeCluster(program, data, password);
  const invoked = program.invoke('postgres', data, (seen) => [
    ...['-D', seen, '-p', String(place.port)],
    ...[...listening(place), ...settings].flatMap((setting) => ['-c', setting]),
  ]);
  const adminUrl = urlOfOwnDatabase(place, password, 'postgres');
  return {
    url: urlOfOwnDatabase(place, password),
    adminUrl,
    service: {
      name: 'postgres',
      title: 'Postgres',
      ...invoked,
      env: { PATH: process.env['PATH'], LC_ALL: 'C' },
      signal: 'SIGINT',
      ...(place.folder === null
        ? { obstacle: () => innerPortObstacle(place.port) }
        : { prepare: () => clearSockets(data) }),
      ready: ({ isGone }) => askUntil(() => answers(adminUrl), isGone, readyTimeoutMs),
    },
  };
}

/**
 * Relative to the data, which Postgres enters: as root it may see its folder under another name.
 * @param {OwnDatabase} place
 */
function listening({ folder }) {
  return folder === null
    ? ['listen_addresses=127.0.0.1', 'unix_socket_directories=']
    : ['listen_addresses=', 'unix_socket_directories=.'];
}

/** @param {string} home @returns {string} what people are told where Postgres has to listen on a port */
export function tooLongForSocket(home) {
  return `The path of ${home} is too long for a socket, so Postgres listens on a port of 127.0.0.1, which another account of this machine could take while Postgres is away, and be told its password: where others share the machine, keep the data in a shorter folder (SLIPWAY_HOME).`;
}

/**
 * Takes away sockets that a killed run left. Postgres would take the pid in their lock file for a living owner as soon
 * as any process of the same user has it.
 * @param {string} data
 */
async function clearSockets(data) {
  for (const name of await readdir(data)) {
    const socket = /^(\.s\.PGSQL\.\d+)(\.lock)?$/.exec(name)?.[1];
    if (socket === undefined || !(await isDeadSocket(path.join(data, socket)))) continue;
    await rm(path.join(data, name), { force: true });
  }
}

const settings = [
  'fsync=on',
  'synchronous_commit=on',
  'full_page_writes=on',
  'max_connections=200',
  'password_encryption=scram-sha-256',
  'log_min_messages=warning',
  'log_checkpoints=off',
];

/** @param {string} data */
async function checkVersion(data) {
  const found = await readFile(path.join(data, 'PG_VERSION'), 'utf8').catch(() => '');
  if (found.trim() === version) return;
  throw new StartFailure(
    `The data in ${data} is of Postgres ${found.trim() || '(unknown)'}, this Slipway brings Postgres ${version}: move it with pg_dumpall, or move that folder away to start anew.`,
  );
}

/**
 * Made beside its place and moved there when whole: a run that was killed half way leaves no broken cluster.
 * @param {import('./postgres-program.mjs').PostgresProgram} program
 * @param {string} data
 * @param {string} password
 */
async function makeCluster(program, data, password) {
  const draft = `${data}.new`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  const secrets = await mkdtemp(path.join(os.tmpdir(), 'slipway-'));
  const passwordFile = path.join(secrets, 'password');
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (program.uid !== undefined && program.gid !== undefined) {
    for (const place of [draft, secrets, passwordFile])
      await chown(place, program.uid, program.gid);
  }
  const { command, args, uid, gid } = program.invoke('initdb', draft, (seen) => [
    ...['-D', seen, '--username', role, '--pwfile', passwordFile, '--auth', 'scram-sha-256'],
    ...['--encoding', 'UTF8', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
    ...['--no-locale', '--data-checksums'],
  ]);
  try {
    const env = { PATH: process.env['PATH'], LC_ALL: 'C' };
    const { code, tail } = await runCommand(command, args, { uid, gid, env, cwd: '/' });
    if (code !== 0) throw new StartFailure(`Postgres could not make its files: ${lastLine(tail)}.`);
  } finally {
    await rm(secrets, { recursive: true, force: true });
  }
  await rename(draft, data);
}

/** @param {string} url @returns {Promise<boolean>} */
async function answers(url) {
  try {
    await withClient(url, (client) => client.query('select 1'));
    return true;
  } catch {
    return false;
  }
}

/**
 * One short visit to the database.
 * @template T
 * @param {string} url
 * @param {(client: import('pg').Client) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withClient(url, work) {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  // a server that goes away while we talk to it fails the query; it must not end the launcher
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** @param {string} adminUrl @returns {Promise<void>} */
export async function ensureDatabase(adminUrl) {
  await withClient(adminUrl, async (client) => {
    const { rowCount } = await client.query(`select 1 from pg_database where datname = 'slipway'`);
    if (rowCount === 0) await client.query('create database slipway');
  });
}
