import { constants } from 'node:fs';
import { access, chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { StartFailure } from './failure.mjs';
import { inRoot } from './paths.mjs';
import { findProgram, lastLine, runCommand } from './run-command.mjs';

export const temporalVersion = '1.5.1';
const module = `github.com/temporalio/cli/cmd/temporal@v${temporalVersion}`;
const downloadHost = 'https://temporal.download';
/** What `go install -v` names from an empty cache: packages of Temporal, of what it needs, and of Go. */
const packagesOfTemporal = 1297;
const lookTimeoutMs = 5_000;
const downloadTimeoutMs = 600_000;

/** @returns {string} where the program is kept for all clones of this user */
export function cacheFolder() {
  const base = process.env['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache');
  return path.join(base, 'slipway', 'temporal', temporalVersion);
}

/**
 * A `temporal` program that is there already: on the PATH, in the home, in the user's cache.
 * @param {string} home
 * @returns {Promise<string | null>}
 */
export async function presentTemporal(home) {
  const kept = [path.join(home, 'bin', 'temporal'), path.join(cacheFolder(), 'temporal')];
  const onPath = await findProgram('temporal');
  for (const file of onPath ? [onPath, ...kept] : kept) {
    const { code } = await runCommand(file, ['--version'], { timeoutMs: 20_000 });
    if (code === 0) return file;
  }
  return null;
}

/**
 * @typedef {object} Ways
 * @property {typeof looksReachable} [whyNoDownload] a test closes it
 * @property {typeof findGo} [goProgram] a test closes it
 * @property {Promise<unknown>} [packages] resolves when the npm packages are there: a download needs the SDK, a build does not
 * @property {(done: number, total: number, what: string) => void} [far] told how far a build is
 */

/**
 * Gets a `temporal` program when there is none: the SDK's download, else a build from source with Go.
 * @param {string} home
 * @param {(text: string) => void} tell
 * @param {Ways} [ways]
 * @returns {Promise<string>} path of the program
 */
export async function obtainTemporal(home, tell, ways = {}) {
  const work = await mkdtemp(path.join(home, 'run', 'temporal-'));
  try {
    const why = await download(work, ways);
    if (why !== null) {
      const go = await (ways.goProgram ?? findGo)();
      if (!go) throw noWay(why);
      tell(
        `Temporal's download is not reachable (${why}): building Temporal ${temporalVersion} with Go instead.`,
      );
      tell('This takes 3 to 10 minutes, once; the result is kept for later starts.');
      await build(go, work, ways.far ?? (() => undefined));
    }
    return await keep(path.join(work, 'temporal'), home);
  } finally {
    // Go keeps its module cache read-only; nothing of it lies here
    await rm(work, { recursive: true, force: true });
  }
}

/** @param {string} why */
function noWay(why) {
  return new StartFailure(
    `There is no Temporal server and no way to get one (no \`temporal\` on the PATH, its download failed: ${why}, and there is no Go): install the Temporal CLI (https://docs.temporal.io/cli) or Go 1.21 or later, or set TEMPORAL_ADDRESS.`,
  );
}

/**
 * The SDK knows how to download a server for tests; run apart, so that a download that hangs can be ended.
 * @param {string} work folder for the download
 * @param {Ways} ways
 * @returns {Promise<string | null>} null when `work/temporal` is there now, else the reason why not
 */
async function download(work, { whyNoDownload = looksReachable, packages }) {
  const unreachable = await whyNoDownload();
  if (unreachable !== null) return unreachable;
  await packages;
  const script = inRoot('deploy', 'lib', 'temporal-download.mjs');
  const { code, tail } = await runCommand(process.execPath, [script, work], {
    timeoutMs: downloadTimeoutMs,
  });
  if (code !== 0) return lastLine(tail) || 'it took too long';
  const file = (await readdir(work)).find((name) => name.startsWith('temporal'));
  if (!file) return 'nothing was downloaded';
  if (file !== 'temporal') await rename(path.join(work, file), path.join(work, 'temporal'));
  return null;
}

/** @returns {Promise<string | null>} null when the host answers; a closed network is known in seconds */
async function looksReachable() {
  // behind a proxy only the SDK itself can tell
  if (process.env['HTTPS_PROXY'] ?? process.env['https_proxy']) return null;
  try {
    await fetch(downloadHost, { method: 'HEAD', signal: AbortSignal.timeout(lookTimeoutMs) });
    return null;
  } catch (error) {
    const cause = /** @type {{ cause?: { code?: string } }} */ (error).cause;
    return cause?.code ?? 'no answer';
  }
}

/** @returns {Promise<string | null>} */
async function findGo() {
  const usual = ['/usr/local/go/bin', '/opt/homebrew/bin', path.join(os.homedir(), 'go', 'bin')];
  return findProgram('go', [process.env['PATH'] ?? '', ...usual].join(path.delimiter));
}

/** @param {string} go @param {string} work @param {NonNullable<Ways['far']>} far */
async function build(go, work, far) {
  const args = ['install', '-v', '-trimpath', '-ldflags=-s -w', module];
  const { code, tail } = await runCommand(go, args, {
    cwd: work,
    env: { ...process.env, GOBIN: work, GOFLAGS: '', CGO_ENABLED: '0' },
    heard: countPackages((built) => far(built, packagesOfTemporal, 'packages')),
  });
  if (code === 0) return;
  throw new StartFailure(
    `Temporal could not be built (\`go install ${module}\`: ${lastLine(tail)}): install the Temporal CLI (https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS.`,
  );
}

/**
 * Counts what `go install -v` names: one package a line; of modules it says that it downloads them.
 * @param {(built: number) => void} tell
 * @returns {(text: string) => void} takes pieces of what it prints
 */
export function countPackages(tell) {
  let built = 0;
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    built += lines.filter((line) => /^[\w./~-]+$/.test(line)).length;
    tell(built);
  };
}

/**
 * Keeps the program in the user's cache, or in the home where there is no cache.
 * @param {string} file
 * @param {string} home
 * @returns {Promise<string>}
 */
async function keep(file, home) {
  await chmod(file, 0o755);
  for (const folder of [cacheFolder(), path.join(home, 'bin')]) {
    const place = path.join(folder, 'temporal');
    try {
      await mkdir(folder, { recursive: true });
      await access(folder, constants.W_OK);
      const draft = `${place}.${process.pid}`;
      await copyFile(file, draft);
      await rename(draft, place);
      return place;
    } catch {
      continue;
    }
  }
  throw new StartFailure(`Temporal could not be kept in ${home}: is the disk full?`);
}
