import type { Outcome } from './run-script.ts';
import { prometheusVersion } from './testdata.ts';

export type Outcomes = ReadonlyMap<string, readonly Outcome[]>;

const kinds = ['passed', 'refused', 'unsaid', 'wrong'] as const;

export function countOutcomes(outcomes: Iterable<Outcome>): Record<Outcome['outcome'], number> {
  const counts = { passed: 0, refused: 0, unsaid: 0, wrong: 0 };
  for (const { outcome } of outcomes) counts[outcome] += 1;
  return counts;
}

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;

/** What `docs/promql-conformance.md` says: figures by file, and each query that does not pass. */
export function reportOf(outcomes: Outcomes): string {
  const all = countOutcomes([...outcomes.values()].flat());
  const total = kinds.reduce((sum, kind) => sum + all[kind], 0);
  const lines = [
    '# PromQL: what passes of Prometheus’ own tests',
    '',
    `Written by \`npm run promql\`, which runs the scripts of Prometheus ${prometheusVersion} (\`promql/promqltest/testdata\`) against our evaluator. ${String(all.passed)} of ${String(total)} queries pass (${((100 * all.passed) / total).toFixed(1)} %). None of the others gets a wrong number: it is refused with its position (“refused”), or gets the right answer without a note of Prometheus’ (“unsaid”). Words of errors and notes are our own; that there is one is compared, and its words are not.`,
    '',
    'Refused are: `info`, samples with start times, and `min_of` and `max_of` outside of durations.',
    '',
    row(['file', ...kinds]),
    row(['---', ...kinds.map(() => '---:')]),
  ];
  for (const [name, own] of outcomes) {
    const counts = countOutcomes(own);
    lines.push(row([`\`${name}\``, ...kinds.map((kind) => counts[kind])]));
  }
  lines.push('', '## What does not pass', '');
  for (const [name, own] of outcomes) {
    const others = own.filter(({ outcome }) => outcome !== 'passed');
    if (others.length > 0)
      lines.push(`- \`${name}\`: lines ${others.map(({ line }) => String(line + 1)).join(', ')}`);
  }
  return `${lines.join('\n')}\n`;
}
