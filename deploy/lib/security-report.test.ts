import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { inRoot } from './paths.mjs';
import {
  classesFile,
  figuresOf,
  readJsonFile,
  reportFile,
  resultsFile,
  securityReport,
  type AttackClass,
  type AttackResults,
} from './security-report.mjs';

const classes = readJsonFile(classesFile) as AttackClass[];
const results = readJsonFile(resultsFile) as AttackResults;

describe('the report of attacks', () => {
  it('is what the figures of the last run make, and in all of them everything held', () => {
    expect(readFileSync(reportFile, 'utf8')).toBe(securityReport(classes, results));
    for (const { id } of classes) {
      const figures = results.classes[id];
      expect([id, figures?.failed, figures?.tried]).toEqual([id, 0, figures?.held]);
      expect([id, (figures?.passed ?? 0) > 0]).toEqual([id, true]);
    }
  });

  it('has sixteen classes at least, each of tests that are there', () => {
    expect(classes.length).toBeGreaterThanOrEqual(16);
    expect(new Set(classes.map(({ id }) => id)).size).toBe(classes.length);
    for (const { tests } of classes) {
      for (const file of tests) expect([file, existsSync(inRoot(file))]).toEqual([file, true]);
    }
  });

  it('counts a test file that did not run as a failure, and attempts by the parts that counted them', () => {
    const attack = { id: 'one', title: 'One', attempt: 'x', tests: ['a.test.ts', 'b.test.ts'] };
    const ran = {
      name: inRoot('a.test.ts'),
      status: 'passed',
      assertionResults: [{ status: 'passed' }, { status: 'failed' }],
    };
    const ledger = { one: { p: { tried: 3, held: 2 }, q: { tried: 1, held: 1 } } };
    const figures = figuresOf([attack], [ran], ledger);
    expect(figures).toEqual({ one: { passed: 1, failed: 2, tried: 4, held: 3 } });
    const text = securityReport([attack], { date: '2026-01-02', classes: figures });
    expect(text).toContain('| One | x | 1 of 3 | 3 of 4 |');
    expect(securityReport([attack], { date: '2026-01-02', classes: {} })).toContain('not run');
  });
});
