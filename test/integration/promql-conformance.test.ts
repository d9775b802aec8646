import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { countOutcomes, reportOf } from '../promql/report.ts';
import { type Outcome, runScript } from '../promql/run-script.ts';
import { readScripts } from '../promql/testdata.ts';

const scripts = await readScripts();

(scripts === null ? describe.skip : describe)("Prometheus' own tests of PromQL", () => {
  const outcomes = new Map<string, Outcome[]>();

  beforeAll(async () => {
    for (const [name, text] of scripts!) outcomes.set(name, await runScript(text));
  });

  it('pass for nine queries of ten', () => {
    const { passed, ...others } = countOutcomes([...outcomes.values()].flat());
    const all = passed + Object.values(others).reduce((sum, count) => sum + count, 0);
    expect(passed / all).toBeGreaterThanOrEqual(0.9);
  });

  it('never end in a wrong number: what is not evaluated is refused', () => {
    expect([...outcomes.values()].flat().filter(({ outcome }) => outcome === 'wrong')).toEqual([]);
  });

  it('are told query by query in the documentation', async () => {
    // tables are padded for readers
    const words = (text: string) => text.replace(/[ -]+/g, ' ');
    const told = await readFile('docs/promql-conformance.md', 'utf8');
    expect(words(told)).toBe(words(reportOf(outcomes)));
  });
});
