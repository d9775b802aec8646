import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { exitConfig, StartFailure } from './failure.mjs';
import { inRoot, root } from './paths.mjs';

/**
 * What the launcher itself needs to know. Everything else is read by the product.
 * @typedef {object} Settings
 * @property {string} home absolute
 * @property {string} host
 * @property {number} port
 * @property {string} publicUrl
 * @property {string | null} databaseUrl null: bring a Postgres
 * @property {string | null} temporalAddress null: bring a Temporal
 * @property {string} namespace
 * @property {string | null} temporalUiUrl
 */

/** Whoever sets one of these, by whatever name or in the file, means a Postgres of their own. */
const databaseKeys = ['url', 'host', 'port', 'name', 'user', 'password'].map(
  (key) => `database.${key}`,
);

/**
 * Home, host and port as the environment alone tells them, so that what cannot work is said before a minute of
 * installing. With a settings file the answer waits until its reader is built.
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ home: string, host: string, port: number, ownTemporal: boolean } | null} `ownTemporal`: nothing names another
 *   Temporal, so one is brought
 */
export function earlySettings(env) {
  if (env['SLIPWAY_CONFIG'] || existsSync(inRoot('slipway.toml'))) return null;
  const text = env['PORT'] || env['SLIPWAY_SERVER_PORT'] || '8080';
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new StartFailure(
      `PORT is '${text}': expected a whole number from 0 to 65535.`,
      exitConfig,
    );
  }
  const host = env['HOST'] || env['SLIPWAY_SERVER_HOST'] || '127.0.0.1';
  const ownTemporal = !Object.entries(env).some(
    ([name, value]) => /^(SLIPWAY_)?TEMPORAL_/.test(name) && value,
  );
  const home = path.resolve(root, env['SLIPWAY_HOME'] || '.slipway');
  return { home, host, port, ownTemporal };
}

/**
 * The settings as the product's own reader sees them: environment over file over defaults.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Settings>}
 */
export async function readSettings(env) {
  const reader = await import(pathToFileURL(inRoot('dist/config.mjs')).href);
  let config;
  /** @type {ReadonlySet<string>} */
  let configured;
  try {
    config = reader.loadConfig({ env });
    configured = reader.configuredKeys({ env });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ConfigError') throw error;
    const end = error.message.endsWith('?') ? '' : '.';
    throw new StartFailure(`A setting cannot be used: ${error.message}${end}`, exitConfig);
  }
  const ownDatabase = !databaseKeys.some((key) => configured.has(key));
  const ownTemporal = !configured.has('temporal.address');
  const shown = config.server.host === '0.0.0.0' ? 'localhost' : config.server.host;
  return {
    home: path.resolve(root, config.home),
    host: config.server.host,
    port: config.server.port,
    publicUrl: config.server.publicUrl ?? `http://${shown}:${config.server.port}`,
    databaseUrl: ownDatabase ? null : reader.databaseUrl(config),
    temporalAddress: ownTemporal ? null : config.temporal.address,
    namespace: config.temporal.namespace,
    temporalUiUrl: config.temporal.uiUrl,
  };
}
