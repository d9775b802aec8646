import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { exitConfig, reasonOf, StartFailure } from './failure.mjs';
import { allocatorEnv, nodeFlags } from './node-flags.mjs';
import { inRoot, root } from './paths.mjs';
import { withClient } from './postgres.mjs';
import { portObstacle } from './ports.mjs';
import { lastLine, runCommand } from './run-command.mjs';
import { hashFiles, listFiles } from './stamps.mjs';
import { askUntil } from './supervisor.mjs';

const readyTimeoutMs = 90_000;
/** What `npm start` adds about itself. Registry and proxy settings stay: steps are given them. */
const fromNpm = /^(INIT_CWD|npm_(?!config_(registry|proxy|https_proxy|noproxy|cafile)$).*)$/i;

/** @typedef {import('./settings.mjs').Settings} Settings */

/**
 * The environment of our own processes: what the launcher was given, plus where the servers are.
 * @param {Settings} settings with the addresses of the servers filled in
 * @returns {NodeJS.ProcessEnv}
 */
export function productEnv(settings) {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|INIT_CWD$)/i.test(name),
  );
  return {
    ...Object.fromEntries(inherited),
    PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
    NODE_ENV: 'production',
    SLIPWAY_HOME: settings.home,
    HOST: settings.host,
    PORT: String(settings.port),
    DATABASE_URL: settings.databaseUrl ?? '',
    TEMPORAL_ADDRESS: settings.temporalAddress ?? '',
    TEMPORAL_NAMESPACE: settings.namespace,
    TEMPORAL_UI_URL: settings.temporalUiUrl ?? '',
  };
}

/**
 * Applies migrations and the seed, unless the database itself says that exactly these were applied last. The mark is a
 * comment on the database: it goes where the data goes, so a restored or replaced database is never taken for a new one.
 * @param {Settings} settings
 * @returns {Promise<string | null>} null when nothing was new
 */
export async function migrate(settings) {
  const url = settings.databaseUrl ?? '';
  const files = await listFiles(root, ['prisma/migrations']);
  const mark = `slipway ${await hashFiles(root, [...files, 'dist/migrate.mjs'])}`;
  const found = await readMark(url);
  if (found === mark) return null;
  const { code, tail } = await runCommand(process.execPath, [inRoot('dist/migrate.mjs')], {
    cwd: root,
    env: productEnv(settings),
  });
  if (code !== 0) {
    const exitCode = code === exitConfig ? exitConfig : 1;
    throw new StartFailure(`The database could not be migrated: ${lastLine(tail)}`, exitCode);
  }
  await withClient(url, async (client) => {
    const name = client.escapeIdentifier(client.database ?? 'slipway');
    await client.query(`comment on database ${name} is ${client.escapeLiteral(mark)}`);
    // not the owner: the next start looks through the migrations once more
  }).catch(() => undefined);
  const applied = /"applied":\s*\[([^\]]*)\]/.exec(tail)?.[1] ?? '';
  const count = applied === '' ? 0 : applied.split(',').length;
  return count === 0 ? 'roles brought up to date' : `${count} applied`;
}

/** @param {string} url @returns {Promise<string | null>} */
async function readMark(url) {
  try {
    return await withClient(url, async (client) => {
      const { rows } = await client.query(
        `select shobj_description(oid, 'pg_database') as mark from pg_database where datname = current_database()`,
      );
      return rows[0]?.mark ?? null;
    });
  } catch (error) {
    const { hostname, port, searchParams } = new URL(url);
    throw new StartFailure(
      `The database at ${searchParams.get('host') ?? hostname}:${port || 5432} does not let us in (${reasonOf(error)}): check DATABASE_URL.`,
    );
  }
}

/**
 * @param {Settings} settings
 * @returns {import('./supervisor.mjs').Service}
 */
export function apiService(settings) {
  const host = settings.host === '0.0.0.0' ? '127.0.0.1' : settings.host;
  const readyUrl = `http://${host.includes(':') ? `[${host}]` : host}:${settings.port}/readyz`;
  return {
    ...nodeService('api', 'The API', settings),
    obstacle: () => portObstacle(settings.host, settings.port),
    ready: ({ isGone }) => askUntil(() => answersOk(readyUrl), isGone, readyTimeoutMs),
  };
}

/**
 * @param {Settings} settings
 * @returns {import('./supervisor.mjs').Service}
 */
export function workersService(settings) {
  return {
    ...nodeService('workers', 'The workers', settings),
    speaks: true,
    ready: ({ isGone, saidReady }) =>
      askUntil(() => Promise.resolve(saidReady()), isGone, readyTimeoutMs),
  };
}

/**
 * @param {'api' | 'workers'} name
 * @param {string} title
 * @param {Settings} settings
 */
function nodeService(name, title, settings) {
  return {
    name,
    title,
    command: process.execPath,
    args: [...nodeFlags, inRoot('dist', `${name}.mjs`)],
    env: { ...allocatorEnv, ...productEnv(settings) },
    cwd: root,
    signal: /** @type {const} */ ('SIGTERM'),
  };
}

/** @param {string} url */
async function answersOk(url) {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(3_000) })).ok;
  } catch {
    return false;
  }
}

/**
 * The first admin's password, as the API wrote it down when it made that user.
 * @param {string} home
 * @returns {Promise<string | null>}
 */
export async function readAdminPassword(home) {
  const text = await readFile(path.join(home, 'admin-password'), 'utf8').catch(() => '');
  return text.trim() || null;
}
