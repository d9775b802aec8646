import { describe, expect, it } from '@jest/globals';
import { DomainError } from '../../contracts/problems.ts';
import type { StepResult } from '../../contracts/pipeline/types.ts';
import { orNoRoom, withSpaceProblem } from './step-space.ts';

const problem = '64 KiB of disk left for workspaces, less than 512 MiB (health.minFreeMb)';
const failed: StepResult = {
  status: 'failure',
  exitCode: 1,
  reason: 'exit code 1',
  durationMs: 1,
};

describe('a step where the disk is full', () => {
  it('says so in its log and its reason when it failed [A-HLT-02] [A-PIPE-06]', async () => {
    const lines: string[] = [];
    const note = (line: string): Promise<void> => Promise.resolve(void lines.push(line));
    const told = await withSpaceProblem(failed, () => Promise.resolve(problem), note);
    expect(told).toEqual({ ...failed, reason: `exit code 1; the disk is nearly full: ${problem}` });
    expect(lines).toEqual([`[slipway] the disk is nearly full: ${problem}`]);
  });

  it('says nothing of it when it did not fail, or when there is room', async () => {
    const note = (): Promise<void> => Promise.reject(new Error('nothing is to be said'));
    const ended: StepResult = { ...failed, status: 'success', exitCode: 0, reason: null };
    expect(await withSpaceProblem(ended, () => Promise.resolve(problem), note)).toBe(ended);
    expect(await withSpaceProblem(failed, () => Promise.resolve(null), note)).toBe(failed);
    const unknown = () => Promise.reject(new Error('it cannot be looked at'));
    expect(await withSpaceProblem(failed, unknown, note)).toBe(failed);
  });

  it('fails with a sentence when its artifacts find no room, and is not run again [A-PIPE-07]', async () => {
    const lines: string[] = [];
    const note = (line: string): Promise<void> => Promise.resolve(void lines.push(line));
    const full = new DomainError('disk_full', 'The object store has no space left.');
    const sentence = 'its artifacts could not be stored: The object store has no space left.';
    expect(await orNoRoom(() => Promise.reject(full), note)).toBe(sentence);
    expect(lines).toEqual([`[slipway] ${sentence}`]);
    const other = new DomainError('unavailable', 'The object store does not answer.');
    await expect(orNoRoom(() => Promise.reject(other), note)).rejects.toBe(other);
  });
});
