/**
 * What jest's `--json` files say: which test files failed, and how many tests passed in all. A file that was tried a
 * second time counts as it ended then, and is named as flaky when only the first try failed.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * One of jest's results, as far as it is read here.
 * @typedef {{ name: string, status: string, assertionResults: { status: string }[] }} FileResult
 */

/** Ending of the reports of second tries. */
export const secondTry = '.again.json';

/**
 * @param {string} file written by jest
 * @returns {FileResult[]} empty when jest ended before it wrote
 */
function read(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).testResults : [];
}

/**
 * @param {string} file written by jest
 * @returns {string[]} paths of the test files that failed, or could not be loaded
 */
export function failedFiles(file) {
  return read(file)
    .filter((result) => result.status === 'failed')
    .map((result) => result.name);
}

/**
 * @param {FileResult} result
 * @returns {{ passed: number, failed: number, skipped: number }} a file that could not be loaded counts as one failure
 */
function count(result) {
  const having = (/** @type {string} */ status) =>
    result.assertionResults.filter((test) => test.status === status).length;
  const failed = having('failed');
  return {
    passed: having('passed'),
    failed: result.status === 'failed' ? Math.max(failed, 1) : failed,
    skipped: having('pending'),
  };
}

/**
 * @param {string} folder with one `<run>.json` for each run and a `<run>.again.json` for its second tries
 * @returns {{ passed: number, failed: number, skipped: number, flaky: string[] }} tests of all runs; `flaky` are paths of files
 */
export function summarize(folder) {
  const names = existsSync(folder)
    ? readdirSync(folder).filter((name) => name.endsWith('.json'))
    : [];
  const first = names.filter((name) => !name.endsWith(secondTry));
  const second = names.filter((name) => name.endsWith(secondTry));
  const results = new Map();
  for (const name of [...first, ...second]) {
    for (const result of read(path.join(folder, name))) results.set(result.name, result);
  }
  const counts = [...results.values()].map(count);
  return {
    passed: counts.reduce((sum, { passed }) => sum + passed, 0),
    failed: counts.reduce((sum, { failed }) => sum + failed, 0),
    skipped: counts.reduce((sum, { skipped }) => sum + skipped, 0),
    flaky: second
      .flatMap((name) => read(path.join(folder, name)))
      .filter((result) => result.status === 'passed')
      .map((result) => result.name),
  };
}
