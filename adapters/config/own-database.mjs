import { readFile } from 'node:fs/promises';
import path from 'node:path';

const role = 'slipway';
/** Only names the socket: nothing listens on it. */
const socketPort = 5432;
/** A path of a socket has room for 107 bytes on Linux and 103 elsewhere. */
const longestSocketBytes = 100;

/**
 * Where the Postgres that `npm start` brings is found.
 * @typedef {object} OwnDatabase
 * @property {string | null} folder of its socket; null: it listens on 127.0.0.1
 * @property {number} port of 127.0.0.1, or the one that the socket is named after
 */

/** @param {string} folder @param {number} [port] */
export function socketFile(folder, port = socketPort) {
  return path.join(folder, `.s.PGSQL.${port}`);
}

/**
 * The folder of the data is the folder of the socket: Postgres refuses to start while others may enter it.
 * @param {string} home absolute
 * @param {() => Promise<number>} choosePort asked only where the path is too long for a socket
 * @returns {Promise<OwnDatabase>}
 */
export async function placeOwnDatabase(home, choosePort) {
  const folder = path.join(home, 'postgres');
  if (Buffer.byteLength(socketFile(folder)) <= longestSocketBytes)
    return { folder, port: socketPort };
  return { folder: null, port: await choosePort() };
}

/**
 * @param {OwnDatabase} place
 * @param {string} password
 * @param {string} [database]
 * @returns {string} an address that holds the password
 */
export function urlOfOwnDatabase({ folder, port }, password, database = 'slipway') {
  const login = `${role}:${encodeURIComponent(password)}`;
  return folder === null
    ? `postgresql://${login}@127.0.0.1:${port}/${database}`
    : `postgresql://${login}@localhost:${port}/${database}?host=${encodeURIComponent(folder)}`;
}

/**
 * What the last start over a home has written down; a start of a version that knew no sockets wrote a port alone.
 * @param {string} home
 * @returns {Promise<OwnDatabase | null>} null: none was started there
 */
export async function findOwnDatabase(home) {
  const file = path.join(path.resolve(home), 'run', 'ports.json');
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return null;
  const { postgres, postgresFolder = null } = JSON.parse(text);
  return { folder: postgresFolder, port: postgres };
}

/**
 * The database that `npm start` runs over a home.
 * @param {string} home
 * @returns {Promise<string | null>} its address, which holds the password; null: none was started there
 */
export async function ownDatabaseUrl(home) {
  const place = await findOwnDatabase(home);
  const file = path.join(path.resolve(home), 'postgres-password');
  const password = await readFile(file, 'utf8').catch(() => null);
  return place === null || password === null ? null : urlOfOwnDatabase(place, password.trim());
}
