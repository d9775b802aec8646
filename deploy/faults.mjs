#!/usr/bin/env node
/**
 * `npm run faults [-- attacks | word …]`: what is too heavy for every commit.
 * - `attacks [id …]`: the classes of attack of test/fault/attack-classes.json, or these of them beside the figures that are
 *   there; writes docs/security/report.md
 * - a word: the fault tests with that word in their path, at full scale (SLIPWAY_FAULT_SCALE, 20 unless set)
 * - nothing: both, with every fault test. Hours.
 * Figures go to test/fault/results.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { inRoot, root } from './lib/paths.mjs';
import { bold, fail } from './lib/progress.mjs';
import {
  classesFile,
  figuresOf,
  readJsonFile,
  reportFile,
  resultsFile,
  securityReport,
} from './lib/security-report.mjs';

/**
 * @param {string[]} files tests, as paths from the root
 * @param {string[]} args more for jest
 * @param {NodeJS.ProcessEnv} env more for the tests
 * @returns {Promise<number>} exit code
 */
function test(files, args, env) {
  const words = [inRoot('deploy', 'test.mjs'), '--runInBand', '--forceExit', ...args];
  const child = spawn(process.execPath, [...words, '--runTestsByPath', ...files], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, SLIPWAY_FAULT_SAVE: '1', ...env },
  });
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}

/** @param {string} file @returns {Promise<any>} null when it is not there */
async function readIfThere(file) {
  const text = await readFile(file, 'utf8').catch(() => null);
  return text === null ? null : JSON.parse(text);
}

/**
 * Runs the attacks and writes their figures and the report.
 * @param {string[]} ids of classes; none: all
 * @returns {Promise<number>} exit code
 */
async function attacks(ids) {
  process.stdout.write(`\n${bold('attacks')}\n`);
  /** @type {import('./lib/security-report.mjs').AttackClass[]} */
  const classes = readJsonFile(classesFile);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'slipway-attacks-'));
  try {
    const [jest, ledger] = [path.join(folder, 'jest.json'), path.join(folder, 'ledger.json')];
    const chosen = classes.filter(({ id }) => ids.length === 0 || ids.includes(id));
    const files = [...new Set(chosen.flatMap(({ tests }) => tests))];
    const kept = ids.length === 0 ? {} : readJsonFile(resultsFile).classes;
    const args = ['--json', `--outputFile=${jest}`];
    const code = await test(files, args, { SLIPWAY_ATTACK_LEDGER: ledger });
    const seen = (await readIfThere(jest))?.testResults ?? [];
    const results = {
      date: new Date().toISOString().slice(0, 10),
      classes: { ...kept, ...figuresOf(chosen, seen, (await readIfThere(ledger)) ?? {}) },
    };
    await writeFile(resultsFile, `${JSON.stringify(results, null, 2)}\n`);
    await mkdir(path.dirname(reportFile), { recursive: true });
    await writeFile(reportFile, securityReport(classes, results));
    return code;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param {string[]} words empty: every fault test @returns {Promise<number>} exit code */
async function heavy(words) {
  const folders = ['fault', 'kubernetes'].map((name) => path.join('test', name));
  const all = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(inRoot(folder))).map((name) => path.join(folder, name)),
    ),
  );
  const files = all
    .flat()
    .filter((file) => file.endsWith('.test.ts'))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
  if (files.length === 0) {
    fail(`No fault test has ${words.join(' or ')} in its path.`);
    return 1;
  }
  process.stdout.write(`\n${bold(`faults: ${files.join(', ')}`)}\n`);
  return test(files, [], { SLIPWAY_FAULT_SCALE: process.env['SLIPWAY_FAULT_SCALE'] ?? '20' });
}

const words = process.argv.slice(2);
const wantsAttacks = words.length === 0 || words.includes('attacks');
const known = new Set(readJsonFile(classesFile).map((/** @type {{ id: string }} */ { id }) => id));
const ids = wantsAttacks ? words.filter((word) => known.has(word)) : [];
const rest = words.filter((word) => word !== 'attacks' && !ids.includes(word));
let worst = 0;
if (wantsAttacks) worst = await attacks(ids);
if (words.length === 0 || rest.length > 0) worst = Math.max(worst, await heavy(rest));
process.exitCode = worst;
