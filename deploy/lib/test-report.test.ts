import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { failedFiles, summarize } from './test-report.mjs';

type Result = { name: string; status: string; assertionResults: { status: string }[] };

const result = (name: string, ...tests: ('passed' | 'failed' | 'pending')[]): Result => ({
  name,
  status: tests.includes('failed') ? 'failed' : 'passed',
  assertionResults: tests.map((status) => ({ status })),
});

describe('reports of test runs', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'slipway-report-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const write = (name: string, ...testResults: Result[]) =>
    writeFile(path.join(folder, name), JSON.stringify({ testResults }));

  it('adds up the tests of all runs, skipped ones too', async () => {
    await write('unit.json', result('a', 'passed', 'passed'), result('b', 'passed', 'pending'));
    await write('fault.json', result('c', 'passed', 'failed'));
    expect(summarize(folder)).toEqual({ passed: 4, failed: 1, skipped: 1, flaky: [] });
    expect(failedFiles(path.join(folder, 'fault.json'))).toEqual(['c']);
  });

  it('counts a file that could not be loaded as one failure', async () => {
    await write('unit.json', { name: 'a', status: 'failed', assertionResults: [] });
    expect(summarize(folder)).toEqual({ passed: 0, failed: 1, skipped: 0, flaky: [] });
  });

  it('counts a second try instead of the first and names what only then passed', async () => {
    await write('fault.json', result('a', 'passed', 'failed'), result('b', 'failed'));
    await write('fault.again.json', result('a', 'passed', 'passed'), result('b', 'failed'));
    expect(summarize(folder)).toEqual({ passed: 2, failed: 1, skipped: 0, flaky: ['a'] });
  });

  it('finds nothing where jest wrote nothing', () => {
    expect(summarize(path.join(folder, 'none'))).toEqual({
      passed: 0,
      failed: 0,
      skipped: 0,
      flaky: [],
    });
    expect(failedFiles(path.join(folder, 'none.json'))).toEqual([]);
  });
});
