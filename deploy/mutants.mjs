#!/usr/bin/env node
/**
 * `npm run mutants [-- --area A-GIT] [--id A-GIT-03] [--save]`: takes the behaviour of each requirement out of a copy
 * of the checkout (test/mutants/*.json say how) and runs the test that names it. That test has to fail: one that does
 * not proves nothing. `--save` writes the verdicts of the run into test/mutants/result.json.
 */
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { StartFailure } from './lib/failure.mjs';
import { applyMutant, makeCopy, removeCopy } from './lib/mutant-copy.mjs';
import { build, firstFailure, needsBuild, runTests } from './lib/mutant-test.mjs';
import { inRoot } from './lib/paths.mjs';
import { buildStale, generateClient, installPackages } from './lib/prepare.mjs';
import { bold, fail, note, secondsSince, step } from './lib/progress.mjs';
import { readJson, writeAtomically } from './lib/stamps.mjs';
import { startTestServers } from './lib/test-servers.mjs';

/**
 * @typedef {import('./lib/mutant-copy.mjs').Mutant} Mutant
 * @typedef {'red' | 'survived' | 'no proof'} Verdict 'no proof': its test did not run, or is red without the mutant
 * @typedef {{ id: string, verdict: Verdict, ms: number, why: string }} Result
 * @typedef {{ copy: string, env: NodeJS.ProcessEnv, stale: boolean }} Bench `stale`: dist/ of the copy holds a mutant
 */

const serverless = ['unit', 'replay'];
const folder = inRoot('test', 'mutants');
const resultFile = inRoot('test', 'mutants', 'result.json');

/**
 * @param {{ area?: string[], id?: string[] }} wanted none means all
 * @returns {Promise<Mutant[]>}
 */
async function readMutants(wanted) {
  const names = (await readdir(folder)).filter((name) => /^[AB]-[A-Z]+\.json$/.test(name)).sort();
  const files = await Promise.all(names.map((name) => readFile(`${folder}/${name}`, 'utf8')));
  /** @type {Mutant[]} */
  const all = files.flatMap((text) => JSON.parse(text));
  const areas = wanted.area ?? [];
  const ids = wanted.id ?? [];
  if (areas.length + ids.length === 0) return all;
  return all.filter(({ id }) => ids.includes(id) || areas.includes(id.slice(0, -3)));
}

/** @param {Mutant} mutant */
function testName({ test }) {
  return `${test.path} ${test.title}`;
}

/**
 * A whole product leaves schedules behind that the next test would find: it gets servers of its own.
 * @param {Bench} bench
 * @param {Mutant} mutant
 */
function envOf(bench, { test }) {
  return needsBuild(test) ? {} : bench.env;
}

/**
 * Runs each distinct test without a mutant, and alone: one that lives on what others in its file left would be red
 * with any mutant.
 * @param {Bench} bench
 * @param {Mutant[]} mutants
 * @returns {Promise<Map<string, string>>} what is wrong with those that are not green, by testName
 */
async function runUnbroken(bench, mutants) {
  const wrong = new Map();
  for (const name of new Set(mutants.map(testName))) {
    const same = mutants.filter((mutant) => testName(mutant) === name);
    const first = /** @type {Mutant} */ (same[0]);
    const { project, path, title } = first.test;
    const startedMs = Date.now();
    const what = { project, path, title };
    const { tests, loaded, reason } = await runTests(bench.copy, what, envOf(bench, first));
    const unnamed = same.find(({ id }) => tests.some(({ fullName }) => !fullName.includes(id)));
    if (!loaded) wrong.set(name, `does not load: ${reason.slice(0, 300)}`);
    else if (tests.length === 0) wrong.set(name, 'no test has this title');
    else if (unnamed) wrong.set(name, `the test does not name ${unnamed.id}`);
    else if (tests.some(({ status }) => status === 'failed'))
      wrong.set(name, `red without the mutant: ${firstFailure(tests)}`);
    note(`${wrong.get(name) ?? 'green'} unbroken: ${name} (${secondsSince(startedMs)})`);
  }
  return wrong;
}

/**
 * @param {Bench} bench
 * @param {Mutant} mutant
 * @returns {Promise<Omit<Result, 'id' | 'ms'>>}
 */
async function tryMutant(bench, mutant) {
  const { project, path, title } = mutant.test;
  const restore = await applyMutant(bench.copy, mutant);
  try {
    if (needsBuild(mutant.test)) {
      bench.stale = true;
      await build(bench.copy);
    }
    const run = await runTests(bench.copy, { project, path, title }, envOf(bench, mutant));
    if (!run.loaded) return { verdict: 'no proof', why: `does not load: ${run.reason}` };
    if (run.tests.some(({ status }) => status === 'failed'))
      return { verdict: 'red', why: firstFailure(run.tests) };
    if (run.tests.length === 0) return { verdict: 'no proof', why: 'no test ran' };
    return { verdict: 'survived', why: `${run.tests.length} tests passed` };
  } catch (error) {
    if (!(error instanceof StartFailure)) throw error;
    return { verdict: 'no proof', why: error.message };
  } finally {
    await restore();
  }
}

/**
 * @param {Bench} bench
 * @param {Mutant[]} mutants
 * @returns {Promise<Result[]>}
 */
async function tryAll(bench, mutants) {
  const wrong = await runUnbroken(bench, mutants);
  /** @type {Map<string, Result>} by what was broken and run: two ids may be one behaviour with one test */
  const tried = new Map();
  /** @type {Result[]} */
  const results = [];
  for (const mutant of mutants) {
    const { id, ...what } = mutant;
    const startedMs = Date.now();
    const problem = wrong.get(testName(mutant));
    if (bench.stale && needsBuild(mutant.test)) await build(bench.copy);
    const known = tried.get(JSON.stringify(what));
    /** @type {Result} */
    const result = known
      ? { ...known, id }
      : {
          id,
          ...(problem
            ? { verdict: /** @type {const} */ ('no proof'), why: problem }
            : await tryMutant(bench, mutant)),
          ms: Date.now() - startedMs,
        };
    tried.set(JSON.stringify(what), result);
    results.push(result);
    const seconds = (result.ms / 1000).toFixed(1).padStart(5);
    process.stdout.write(
      `${id.padEnd(10)} ${result.verdict.padEnd(8)} ${seconds} s  ${result.why}\n`,
    );
  }
  return results;
}

/** @param {Result[]} results */
function printSummary(results) {
  process.stdout.write(`\n${bold('area      red  survived  no proof')}\n`);
  for (const area of new Set(results.map(({ id }) => id.slice(0, -3)))) {
    const own = results.filter(({ id }) => id.startsWith(`${area}-`));
    const counts = ['red', 'survived', 'no proof'].map(
      (verdict) => own.filter((result) => result.verdict === verdict).length,
    );
    const [red, survived, none] = counts.map(String);
    process.stdout.write(
      `${area.padEnd(8)} ${red?.padStart(4)} ${survived?.padStart(9)} ${none?.padStart(9)}\n`,
    );
  }
}

/**
 * One line for each requirement: red when all its mutants are.
 * @param {Result[]} results what the file says of other requirements stays
 */
async function save(results) {
  /** @type {Map<string, Omit<Result, 'why'>>} */
  const byId = new Map();
  for (const { id, verdict, ms } of results) {
    const before = byId.get(id);
    const worst = before && before.verdict !== 'red' ? before.verdict : verdict;
    byId.set(id, { id, verdict: worst, ms: (before?.ms ?? 0) + ms });
  }
  for (const line of (await readJson(resultFile)) ?? []) {
    if (!byId.has(line.id)) byId.set(line.id, line);
  }
  const lines = [...byId.values()]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map((line) => `  ${JSON.stringify(line)}`);
  await writeAtomically(resultFile, `[\n${lines.join(',\n')}\n]\n`);
}

/** @param {string[]} args */
async function main(args) {
  const { values } = parseArgs({
    args,
    options: {
      area: { type: 'string', multiple: true },
      id: { type: 'string', multiple: true },
      save: { type: 'boolean', default: false },
    },
  });
  const mutants = await readMutants(values);
  if (mutants.length === 0) throw new StartFailure('No mutant has this id or area.');
  await installPackages();
  await generateClient();
  await buildStale();
  await mkdir(inRoot('dist'), { recursive: true });
  const copy = await makeCopy();
  /** @type {Awaited<ReturnType<typeof startTestServers>> | null} */
  let servers = null;
  const leave = async () => {
    await servers?.stop();
    await removeCopy(copy);
  };
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => void leave().finally(() => process.exit(130)));
  }
  try {
    if (mutants.some(({ test }) => !serverless.includes(test.project))) {
      servers = await step('Starting servers', startTestServers);
    }
    const results = await tryAll({ copy, env: servers?.env ?? {}, stale: false }, mutants);
    printSummary(results);
    if (values.save) await save(results);
    return results.every(({ verdict }) => verdict === 'red') ? 0 : 1;
  } finally {
    await leave();
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof StartFailure)) throw error;
  fail(error.message);
  process.exitCode = 1;
}
