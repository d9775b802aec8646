import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { StartFailure } from './failure.mjs';
import { inRoot } from './paths.mjs';
import { runCommand } from './run-command.mjs';
import { readJson } from './stamps.mjs';

/** @typedef {import('./mutant-copy.mjs').MutantTest} MutantTest */
/**
 * @typedef {{ fullName: string, status: string, failureMessages?: string[] }} TestResult
 * @typedef {{ tests: TestResult[], loaded: boolean, reason: string }} TestRun `tests`: those that ran; `reason`: why
 *   the file could not be loaded
 */

const limitMs = 6 * 60_000;
const builtProjects = ['fault', 'e2e', 'browser'];

/** @param {MutantTest} test @returns {boolean} whether it runs against dist/ */
export function needsBuild(test) {
  return test.built ?? builtProjects.includes(test.project);
}

/** @param {string} copy folder */
export async function build(copy) {
  const args = [path.join(copy, 'deploy', 'build.mjs')];
  const { code, tail } = await runCommand(process.execPath, args, { cwd: copy });
  if (code !== 0) throw new StartFailure(`the build failed: ${tail.trim()}`);
}

/** @param {string} text @returns {string} for a regular expression */
function escape(text) {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/**
 * Runs the tests of one file whose names hold a title. What ends without a report (a machine that is too busy to make
 * the database of the tests in time) is run once more.
 * @param {string} copy folder
 * @param {{ project: string, path: string, title: string }} what
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<TestRun>}
 */
export async function runTests(copy, what, env) {
  const first = await runOnce(copy, what, env);
  const { report, output } = first.report === null ? await runOnce(copy, what, env) : first;
  const suite = report?.testResults?.[0];
  if (suite === undefined) return { tests: [], loaded: false, reason: lastWords(output) };
  /** @type {TestResult[]} */
  const tests = suite.assertionResults;
  const ran = tests.filter(({ status }) => status === 'passed' || status === 'failed');
  return { tests: ran, loaded: report.numRuntimeErrorTestSuites === 0, reason: suite.message };
}

/**
 * @param {string} copy
 * @param {{ project: string, path: string, title: string }} what
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ report: any, output: string }>} jest's own report, null when it made none
 */
async function runOnce(copy, what, env) {
  const folder = await mkdtemp(path.join(tmpdir(), 'slipway-mutant-'));
  const file = path.join(folder, 'report.json');
  const args = [
    ...[what.path, '--selectProjects', what.project, '--forceExit', '--runInBand'],
    ...[`--testNamePattern=${escape(what.title)}`],
    ...['--json', `--outputFile=${file}`],
  ];
  const output = await jest(copy, args, env);
  const report = await readJson(file);
  await rm(folder, { recursive: true, force: true });
  return { report, output };
}

/**
 * In a group of its own, so that what a broken test leaves running is ended with it.
 * @param {string} copy
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string>} the end of what it printed
 */
function jest(copy, args, env) {
  const cli = inRoot('node_modules', 'jest', 'bin', 'jest.js');
  const flags = ['--experimental-vm-modules', '--no-warnings'];
  let tail = '';
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...flags, cli, ...args], {
      cwd: copy,
      env: { ...process.env, NODE_ENV: 'test', ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    const end = () => killGroup(child.pid);
    const timer = setTimeout(end, limitMs);
    process.once('exit', end);
    child.stderr.on('data', (chunk) => (tail = (tail + chunk).slice(-4_000)));
    child.once('exit', () => {
      clearTimeout(timer);
      process.off('exit', end);
      end();
      resolve(tail);
    });
  });
}

/** @param {number | undefined} pid its leader */
function killGroup(pid) {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // nobody is left in it
  }
}

/** @param {string} text @returns {string} its last three lines, in one */
function lastWords(text) {
  return stripVTControlCharacters(text).trim().split('\n').slice(-3).join(' ').slice(-300);
}

/** @param {TestResult[]} tests @returns {string} the first line of what the first failed one says */
export function firstFailure(tests) {
  const message = tests.find(({ status }) => status === 'failed')?.failureMessages?.[0] ?? '';
  const lines = stripVTControlCharacters(message).split('\n');
  return (lines.find((line) => line.trim() !== '') ?? '').slice(0, 110);
}
