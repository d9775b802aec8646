/**
 * The report of the attacks that run as tests: what is tried, how often, and how much of it held. Made from
 * test/fault/attack-classes.json and the figures of the last `npm run faults -- attacks`.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { inRoot } from './paths.mjs';

/**
 * `tests` are files of tests, as paths from the root.
 * @typedef {{ id: string, title: string, attempt: string, tests: string[] }} AttackClass
 * Tests that passed and failed; single attempts that were counted within them.
 * @typedef {{ passed: number, failed: number, tried: number, held: number }} AttackFigures
 * @typedef {{ date: string, classes: Record<string, AttackFigures> }} AttackResults
 * @typedef {{ name: string, assertionResults: { status: string }[], status: string }} FileResult of jest
 */

export const classesFile = inRoot('test', 'fault', 'attack-classes.json');
export const resultsFile = inRoot('test', 'fault', 'results', 'attacks.json');
export const reportFile = inRoot('docs', 'security', 'report.md');

/** @param {string} file @returns {any} */
export function readJsonFile(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/**
 * @param {AttackClass[]} classes
 * @param {FileResult[]} files jest's results
 * @param {Record<string, Record<string, { tried: number, held: number }>>} ledger attempts by class and part
 * @returns {Record<string, AttackFigures>} a file without a result counts as one failure
 */
export function figuresOf(classes, files, ledger) {
  const byPath = new Map(files.map((file) => [path.relative(inRoot(), file.name), file]));
  return Object.fromEntries(
    classes.map(({ id, tests }) => {
      const results = tests.map((file) => byPath.get(file));
      const having = (/** @type {string} */ status) =>
        results.flatMap((file) => file?.assertionResults ?? []).filter((t) => t.status === status)
          .length;
      const broken = results.filter((file) => !file || file.assertionResults.length === 0).length;
      const parts = Object.values(ledger[id] ?? {});
      const sum = (/** @type {'tried' | 'held'} */ key) =>
        parts.reduce((total, part) => total + part[key], 0);
      return [
        id,
        {
          passed: having('passed'),
          failed: having('failed') + broken,
          tried: sum('tried'),
          held: sum('held'),
        },
      ];
    }),
  );
}

/**
 * @param {AttackClass[]} classes
 * @param {AttackResults} results
 * @returns {string} Markdown; the same results give the same text
 */
export function securityReport(classes, { date, classes: figures }) {
  const found = classes.map((attack) => ({ attack, of: figures[attack.id] }));
  const total = (/** @type {keyof AttackFigures} */ key) =>
    found.reduce((sum, { of }) => sum + (of?.[key] ?? 0), 0);
  const rows = found.map(({ attack: { title, attempt }, of }) => [
    title,
    attempt,
    of ? `${of.passed} of ${of.passed + of.failed}` : 'not run',
    of && of.tried > 0 ? `${of.held} of ${of.tried}` : '',
  ]);
  const table = [['what', 'how it is tried', 'tests passed', 'single attempts that held'], ...rows];
  const [head = [], ...body] = table;
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(' | ')} |`;
  const lines = [line(head), line(head.map(() => '---')), ...body.map(line)];
  const files = classes.map(({ title, tests }) => `- ${title}: ${tests.map(codeOf).join(', ')}`);
  return `# Attacks that run as tests

Made by \`npm run faults -- attacks\`; last run on ${date}. ${classes.length} classes: ${total('passed')} of ${total('passed') + total('failed')} tests passed, ${total('held')} of ${total('tried')} attempts that are counted one by one came to nothing. What is protected from whom, and what is not, is told in [SECURITY.md](../../SECURITY.md).

<!-- prettier-ignore -->
${lines.join('\n')}

## Where they are

${files.join('\n')}

Each of these tests runs with \`npm test\` too. A test that proves nothing would hold for ever: those that look for a way out of a sandbox also show that the same attempt gets through where nothing holds it.
`;
}

/** @param {string} file */
function codeOf(file) {
  return `\`${file}\``;
}
