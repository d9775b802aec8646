#!/usr/bin/env node
/**
 * `npm test [-- jest arguments]`: brings what the tests need, as `npm start` would, then runs them: those on a cluster
 * beside all others (ADR 58). With SLIPWAY_TEST_REPORT=folder each run leaves its result there as JSON; and when all have
 * ended the few files that failed are tried once more, and named (ADR 23). With `--prepare` it only brings what the tests
 * need.
 */
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { StartFailure } from './lib/failure.mjs';
import { openHome } from './lib/home.mjs';
import { inRoot, root } from './lib/paths.mjs';
import { buildStale, checkNode, generateClient, installPackages } from './lib/prepare.mjs';
import { bold, fail, note, step } from './lib/progress.mjs';
import { ensurePrograms, testNeeds, thisMachine } from './lib/system-packages.mjs';
import { obtainTemporal, presentTemporal } from './lib/temporal-binary.mjs';
import { failedFiles, secondTry } from './lib/test-report.mjs';

/**
 * A worker keeps the modules of every file that it has run, and starting a process copies the page tables of all that:
 * past this size it is replaced after the file, by one that starts git five times as fast.
 */
const smallWorkers = '--workerIdleMemoryLimit=640MB';

/**
 * Beside each other (ADR 58): a cluster mostly waits for pods, a product for what it does by itself, and the others compute
 * meanwhile. One run for all but the cluster, so that files that wait and files that compute meet.
 */
const runs = [
  { projects: ['kubernetes'], args: ['--maxWorkers=2'] },
  {
    projects: ['unit', 'replay', 'integration', 'fault', 'e2e', 'browser'],
    args: ['--maxWorkers=3', smallWorkers],
  },
];

/** More failed files than this in one run are no bad luck: they are not tried again. */
const secondTries = 3;

/** They need nothing but Node: they run in a step of a pipeline too. */
const bareProjects = ['unit', 'replay'];

/**
 * @param {string[]} args for jest
 * @returns {boolean} whether only projects without servers are asked for
 */
function isBare(args) {
  const at = args.indexOf('--selectProjects');
  const words = at === -1 ? [] : args.slice(at + 1);
  const end = words.findIndex((word) => word.startsWith('-') || word.includes('/'));
  const projects = end === -1 ? words : words.slice(0, end);
  return projects.length > 0 && projects.every((name) => bareProjects.includes(name));
}

/**
 * @param {boolean} bare
 * @returns {Promise<string | null>} path of the Temporal program
 */
async function prepare(bare) {
  process.stdout.write(`\n  ${bold('Slipway: tests')}\n\n`);
  await step('Node', () => checkNode());
  if (!bare) await step('System packages', () => ensurePrograms(testNeeds, thisMachine(note)));
  await step('Installing npm packages', installPackages);
  await step('Generating the database client', generateClient);
  await step('Building', buildStale);
  if (bare) return null;
  const home = inRoot('.slipway');
  return (
    (await presentTemporal(home)) ??
    (await step('Getting Temporal', async (far) => {
      await openHome(home);
      return obtainTemporal(home, note, { far });
    }))
  );
}

/**
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} jest's exit code
 */
async function jest(args, env) {
  const cli = inRoot('node_modules', 'jest', 'bin', 'jest.js');
  // given to node itself, not by NODE_OPTIONS: processes that tests start must not inherit it
  const flags = ['--experimental-vm-modules', '--no-warnings'];
  const child = spawn(process.execPath, [...flags, cli, ...args], {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
    // a group of its own, so that what a failed test has left running can be ended with it
    detached: true,
  });
  const group = -(child.pid ?? 0);
  const forward = (/** @type {NodeJS.Signals} */ signal) => tryKill(group, signal);
  const signals = /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  for (const signal of signals) process.on(signal, forward);
  const code = await new Promise((resolve) => child.once('exit', (found) => resolve(found ?? 130)));
  for (const signal of signals) process.off(signal, forward);
  tryKill(group, 'SIGKILL');
  return code;
}

/** @param {number} group @param {NodeJS.Signals} signal */
function tryKill(group, signal) {
  try {
    if (group < 0) process.kill(group, signal);
  } catch {
    // nobody is left in it
  }
}

/**
 * @typedef {typeof runs[number]} Run
 * @param {Run} run
 * @returns {string[]} arguments for jest, but how many at a time
 */
const argumentsOf = ({ projects }) => [
  ...['--selectProjects', ...projects],
  ...['--passWithNoTests', '--forceExit'],
];

/**
 * One of `runs`.
 * @param {Run} run
 * @param {NodeJS.ProcessEnv} env
 * @param {string | undefined} report folder
 * @returns {Promise<number>} jest's exit code
 */
function firstTry(run, env, report) {
  const result = report ? ['--json', `--outputFile=${reportOf(report, run, '.json')}`] : [];
  return jest([...argumentsOf(run), ...run.args, ...result], env);
}

/**
 * What failed in one of `runs` again, one file at a time, when nothing else of the tests goes on.
 * @param {Run} run
 * @param {{ code: number, env: NodeJS.ProcessEnv, report: string }} first its exit code, and how it was run
 * @returns {Promise<number>} jest's exit code, of the second try if there was one
 */
async function again(run, { code, env, report }) {
  const failed = failedFiles(reportOf(report, run, '.json'));
  if (code === 130 || failed.length === 0 || failed.length > secondTries) return code;
  process.stdout.write(`\n  ${bold('once more')}: ${failed.join(', ')}\n\n`);
  const result = ['--json', `--outputFile=${reportOf(report, run, secondTry)}`];
  const which = ['--runInBand', '--runTestsByPath', ...failed];
  return jest([...argumentsOf(run), ...result, ...which], env);
}

/** @param {string} folder @param {Run} run @param {string} ending */
const reportOf = (folder, { projects }, ending) => path.join(folder, `${projects[0]}${ending}`);

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string | undefined} report folder; without one nothing is tried again
 * @returns {Promise<number>} the worst exit code
 */
async function testAll(env, report) {
  const names = runs.map(({ projects }) => projects.join(', '));
  process.stdout.write(`\n  ${bold(names.join(' beside '))}\n\n`);
  const codes = await Promise.all(runs.map((run) => firstTry(run, env, report)));
  if (!report) return Math.max(...codes);
  let worst = 0;
  for (const [at, code] of codes.entries()) {
    const run = runs[at];
    if (run) worst = Math.max(worst, await again(run, { code, env, report }));
  }
  return worst;
}

/** @param {string[]} args of the command line, for jest */
async function main(args) {
  const temporal = await prepare(isBare(args));
  if (args.includes('--prepare')) return 0;
  const first = temporal === null ? [] : [path.dirname(temporal)];
  const searchPath = [...first, process.env['PATH'] ?? '', '/usr/sbin', '/sbin'].join(':');
  const env = { ...process.env, NODE_ENV: 'test', PATH: searchPath };
  const hasWorkers = args.some((arg) => /^(-i$|--runInBand|--maxWorkers)/.test(arg));
  if (args.length > 0) return jest([...(hasWorkers ? [] : ['--maxWorkers=2']), ...args], env);
  const report = process.env['SLIPWAY_TEST_REPORT'];
  if (report) await mkdir(report, { recursive: true });
  return testAll(env, report);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof StartFailure)) throw error;
  fail(error.message);
  process.exitCode = 1;
}
