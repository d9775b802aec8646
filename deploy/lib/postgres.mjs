import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { StartFailure } from './failure.mjs';
import { keptSecret } from './home.mjs';
import { innerPortObstacle } from './ports.mjs';
import { lastLine, runCommand } from './run-command.mjs';
import { postgresProgram } from './postgres-program.mjs';
import { askUntil } from './supervisor.mjs';

const version = '18';
const role = 'slipway';
const readyTimeoutMs = 60_000;

/**
 * The embedded Postgres as a service. Makes the cluster when there is none. Durable: fsync stays on, and a crash of
 * anything loses no commit that was answered.
 * @param {string} home
 * @param {number} port on 127.0.0.1
 * @returns {Promise<{ service: import('./supervisor.mjs').Service, url: string, adminUrl: string }>}
 *   `url` of the database, `adminUrl` of the maintenance database; both hold the password
 */
export async function postgresService(home, port) {
  const data = path.join(home, 'postgres');
  const password = await keptSecret(path.join(home, 'postgres-password'));
  const program = await postgresProgram(home);
  if (existsSync(data)) await checkVersion(data);
  else await makeCluster(program, data, password);
  const invoked = program.invoke('postgres', data, (seen) => [
    ...['-D', seen, '-p', String(port)],
    ...settings.flatMap((setting) => ['-c', setting]),
  ]);
  const address = (/** @type {string} */ name) =>
    `postgresql://${role}:${encodeURIComponent(password)}@127.0.0.1:${port}/${name}`;
  return {
    url: address('slipway'),
    adminUrl: address('postgres'),
    service: {
      name: 'postgres',
      title: 'Postgres',
      ...invoked,
      env: { PATH: process.env['PATH'], LC_ALL: 'C' },
      signal: 'SIGINT',
      obstacle: () => innerPortObstacle(port),
      ready: ({ isGone }) => askUntil(() => answers(address('postgres')), isGone, readyTimeoutMs),
    },
  };
}

const settings = [
  'listen_addresses=127.0.0.1',
  // no socket file: nothing to collide with, nothing to leave behind
  'unix_socket_directories=',
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
