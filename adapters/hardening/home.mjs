import { chmod, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** What was made in a home with modes of before, and is for Slipway's own user (of `postgres`: for that of Postgres). */
const places = [
  ...['apps', 'hooks', 'logs', 'objects', 'postgres', 'projects', 'run', 'runs', 'temp'],
  ...['temporal', 'workspaces'],
  ...['admin-password', 'admin-token', 'host-id', 'master-key', 'postgres-password'],
];

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
  const inside = places.map((name) => path.join(home, name));
  const doors = [...inside, ...elsewhere.map((place) => path.resolve(home, place))];
  const problems = await Promise.all([
    close(home, 0o066),
    ...[...new Set(doors)].map((door) => close(door, 0o077)),
  ]);
  return problems.filter((problem) => problem !== null);
}

/**
 * @param {string} place
 * @param {number} bits
 * @returns {Promise<string | null>}
 */
async function close(place, bits) {
  try {
    const { mode } = await stat(place);
    if ((mode & bits) !== 0) await chmod(place, mode & 0o7777 & ~bits);
    return null;
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === 'ENOENT') return null;
    return `${place} stays open to other users of this machine (${code}): its owner has to close it`;
  }
}
