import { chmod, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** What was made in a home with modes of before, and is for Slipway's own user (of `postgres`: for that of Postgres). */
const places = [
  ...['apps', 'hooks', 'logs', 'objects', 'postgres', 'projects', 'run', 'runs', 'temp'],
  ...['temporal', 'workspaces'],
  ...['admin-password', 'admin-token', 'host-id', 'master-key', 'postgres-password'],
];

/** Bits of others: to list and to write, but not to pass through. */
const passing = 0o066;
const everything = 0o077;
const sticky = 0o1000;

/**
 * Makes the home, and takes away what others may do in it: they pass through (Postgres is another user), list nothing
 * and read nothing. Bits are only ever taken away, and only at the doors: what lies behind one that is closed needs no
 * walk, however much it is.
 * @param {string} home
 * @param {string[]} [elsewhere] places of ours that are configured to lie outside of it
 * @returns {Promise<string[]>} for people: the places that stay open, and why
 */
export async function hardenHome(home, elsewhere = []) {
  await mkdir(home, { recursive: true, mode: 0o711 });
  const own = new Set(places.map((name) => path.join(home, name)));
  const configured = new Set(elsewhere.map((place) => path.resolve(home, place)));
  const outside = [...configured].filter((door) => !own.has(door));
  const problems = await Promise.all([
    close(home, passing),
    ...[...own].map((door) => close(door, everything)),
    ...outside.map((door) => close(door, holds(door, home) ? passing : everything, isOthersToo)),
  ]);
  return problems.filter((problem) => problem !== null);
}

/**
 * @param {string} folder
 * @param {string} place
 */
function holds(folder, place) {
  return !path.relative(folder, path.resolve(place)).startsWith('..');
}

/**
 * What is configured may be a folder of the system, such as /tmp or /srv: closing it would shut everybody out of it.
 * @param {string} place
 * @param {number} mode
 */
function isOthersToo(place, mode) {
  return (mode & sticky) !== 0 || path.dirname(path.dirname(place)) === path.dirname(place);
}

/**
 * @param {string} place
 * @param {number} bits
 * @param {(place: string, mode: number) => boolean} [isShared]
 * @returns {Promise<string | null>}
 */
async function close(place, bits, isShared = () => false) {
  try {
    const { mode } = await stat(place);
    if ((mode & bits) === 0) return null;
    if (isShared(place, mode)) {
      return `${place} stays open to other users of this machine, for it is not Slipway's alone: configure a folder below it`;
    }
    await chmod(place, mode & 0o7777 & ~bits);
    return null;
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === 'ENOENT') return null;
    return `${place} stays open to other users of this machine (${code}): its owner has to close it`;
  }
}
