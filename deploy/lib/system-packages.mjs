import { StartFailure } from './failure.mjs';
import { findProgram, lastLine, runCommand } from './run-command.mjs';

/**
 * A program of the operating system and the Debian package that brings it.
 * @typedef {{ program: string, package: string, why: string }} Need
 */

/** @type {Need[]} what steps and repositories need */
export const runtimeNeeds = [
  { program: 'git', package: 'git', why: 'repositories' },
  { program: 'bwrap', package: 'bubblewrap', why: 'the sandbox of pipeline steps' },
  { program: 'slirp4netns', package: 'slirp4netns', why: 'the network of sandboxed steps' },
  { program: 'nft', package: 'nftables', why: 'lists and records of what steps reach' },
  { program: 'ip', package: 'iproute2', why: 'the network of sandboxed steps' },
];

/** @type {Need[]} what the tests use on top */
export const testNeeds = [
  ...runtimeNeeds,
  { program: 'git-lfs', package: 'git-lfs', why: 'tests of large files' },
  { program: 'chromium', package: 'chromium', why: 'tests in a browser' },
];

/**
 * @typedef {object} Machine what the check depends on; a test hands in its own
 * @property {NodeJS.Platform} platform
 * @property {boolean} root
 * @property {string} searchPath folders of programs, as in PATH
 * @property {(text: string) => void} tell
 */

/** @returns {Machine} */
export function thisMachine(tell = (/** @type {string} */ _text) => {}) {
  // sbin holds `ip`, and is not on the PATH of everybody
  const searchPath = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  return { platform: process.platform, root: process.getuid?.() === 0, searchPath, tell };
}

/**
 * Sees to it that the programs are there: installs them as root on Debian, else says which command does.
 * @param {Need[]} needs
 * @param {Machine} machine
 * @returns {Promise<string | null>} what was installed; null when nothing was missing
 */
export async function ensurePrograms(needs, machine) {
  if (machine.platform !== 'linux') return otherSystem(machine);
  const missing = await missingOf(needs, machine);
  if (missing.length === 0) return null;
  const packages = [...new Set(missing.map((need) => need.package))];
  const reasons = missing.map((need) => `${need.program} (${need.why})`).join(', ');
  const aptGet = await findProgram('apt-get', machine.searchPath);
  if (!aptGet) {
    throw new StartFailure(
      `Missing: ${reasons}; install ${packages.join(', ')} with your system's package manager and start again.`,
    );
  }
  const command = `apt-get install -y ${packages.join(' ')}`;
  if (!machine.root) {
    throw new StartFailure(`Missing: ${reasons}; run \`sudo ${command}\` and start again.`);
  }
  machine.tell(`Installing what is missing, ${reasons}: ${command}`);
  const tail = await aptInstall(aptGet, packages, machine);
  const still = await missingOf(needs, machine);
  if (still.length > 0) {
    throw new StartFailure(
      `Could not install ${packages.join(', ')} (${lastLine(tail)}); run \`apt-get update && ${command}\`, then start again.`,
    );
  }
  return packages.join(', ');
}

/** @param {Machine} machine @returns {null} */
function otherSystem(machine) {
  machine.tell(
    'Pipeline steps need Linux (bubblewrap): everything else works here, a step will refuse to run.',
  );
  return null;
}

/** @param {Need[]} needs @param {Machine} machine @returns {Promise<Need[]>} */
async function missingOf(needs, machine) {
  const found = await Promise.all(
    needs.map((need) => findProgram(need.program, machine.searchPath)),
  );
  return needs.filter((_, index) => found[index] === null);
}

/**
 * @param {string} aptGet
 * @param {string[]} packages
 * @param {Machine} machine
 * @returns {Promise<string>} end of its output
 */
async function aptInstall(aptGet, packages, machine) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', PATH: machine.searchPath };
  const args = ['install', '-y', '--no-install-recommends', ...packages];
  const first = await runCommand(aptGet, args, { env });
  if (first.code === 0) return first.tail;
  // a fresh machine has no package lists, an old one stale ones
  await runCommand(aptGet, ['update'], { env });
  return (await runCommand(aptGet, args, { env })).tail;
}
