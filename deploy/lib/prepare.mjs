import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { StartFailure } from './failure.mjs';
import { withLock } from './folder-lock.mjs';
import { inRoot, root } from './paths.mjs';
import { findProgram, lastLine, runCommand } from './run-command.mjs';
import { hashFiles, listFiles, readJson, writeAtomically } from './stamps.mjs';
import { staleParts } from './build-parts.mjs';

const oldestNode = [20, 3];

/** @param {string} [version] */
export function checkNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldMajor = 0, oldMinor = 0] = oldestNode;
  if (major > oldMajor || (major === oldMajor && minor >= oldMinor)) return `v${version}`;
  throw new StartFailure(
    `Node ${version} is too old: Slipway needs Node ${oldestNode.join('.')} or later (https://nodejs.org).`,
  );
}

/** Prisma's own engine is never used: its download is slow at best and unreachable in a closed network. */
const withoutEngine = { PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true', PRISMA_HIDE_UPDATE_MESSAGE: '1' };

/**
 * Installs the npm packages unless those that lie there are the ones the lock file names.
 * @returns {Promise<string | null>} null when there was nothing to do
 */
export async function installPackages() {
  if (await packagesInstalled()) return null;
  return withLock(inRoot('.install.lock'), async () => {
    if (await packagesInstalled()) return null;
    const npm = await findProgram('npm');
    if (!npm) throw new StartFailure('npm is not on the PATH: install Node.js together with npm.');
    const args = ['ci', '--include=dev', '--no-audit', '--no-fund'];
    const { code, tail } = await runCommand(npm, args, {
      cwd: root,
      env: { ...process.env, ...withoutEngine },
    });
    if (code !== 0) {
      const said = tail
        .split('\n')
        .filter((line) => /npm err/i.test(line))
        .slice(0, 3)
        .join(' ');
      throw new StartFailure(
        `\`npm ci\` failed (${(said || lastLine(tail)).slice(0, 400)}); check the network and the npm registry setting, then start again.`,
      );
    }
    return 'npm ci';
  });
}

/**
 * npm keeps a list of what it put into node_modules: it is compared with the lock file, so an `npm ci` or
 * `npm install` that somebody ran by hand counts too.
 * @returns {Promise<boolean>}
 */
export async function packagesInstalled() {
  const wanted = (await readJson(inRoot('package-lock.json')))?.packages ?? {};
  const present = (await readJson(inRoot('node_modules', '.package-lock.json')))?.packages;
  if (!present) return false;
  return Object.entries(wanted).every(([place, entry]) => {
    if (place === '' || entry.optional || entry.devOptional || entry.peer) return true;
    const found = present[place];
    return found?.version === entry.version && found?.integrity === entry.integrity;
  });
}

const prismaStamp = inRoot('prisma', 'generated', '.stamp');

/** @returns {Promise<string | null>} null when the database client is up to date */
export async function generateClient() {
  const files = await listFiles(root, ['prisma/schema']);
  const hash = await hashFiles(root, [...files, 'node_modules/prisma/package.json']);
  const stamp = await readJson(prismaStamp);
  if (stamp?.hash === hash && existsSync(inRoot('prisma/generated/client.ts'))) return null;
  await rm(prismaStamp, { force: true });
  const cli = inRoot('node_modules', 'prisma', 'build', 'index.js');
  const args = [cli, 'generate', '--schema', 'prisma/schema'];
  const { code, tail } = await runCommand(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...withoutEngine, CI: '1' },
  });
  if (code !== 0) throw new Error(`prisma generate failed: ${tail.trim()}`);
  await writeAtomically(prismaStamp, JSON.stringify({ hash }));
  return '';
}

/** @returns {Promise<string | null>} names of the parts that were built */
export async function buildStale() {
  const stale = await staleParts();
  if (stale.length === 0) return null;
  const { code, tail } = await runCommand(process.execPath, [inRoot('deploy/build.mjs')], {
    cwd: root,
  });
  if (code !== 0) throw new StartFailure(`The build failed: ${tail.trim().slice(-2_000)}`);
  return stale.map((part) => part.name).join(', ');
}
