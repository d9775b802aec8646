import { describe, expect, it } from '@jest/globals';
import { DomainError } from '../../contracts/problems.ts';
import { keepOrSay, withPatience } from './keep-record.ts';

const away = new Error('the database is away');
const quick = { patienceMs: 50, pauseMs: () => 1 };

/** Fails so often, then answers. */
function failing(
  times: number,
  error: unknown = away,
): { tries: () => number; work: () => Promise<string> } {
  let tries = 0;
  const work = (): Promise<string> => {
    tries += 1;
    return tries <= times ? Promise.reject(error) : Promise.resolve('kept');
  };
  return { tries: () => tries, work };
}

describe('what is written down of a command that has ended', () => {
  it('is written again until it is kept, and the command is not asked again [A-PIPE-06]', async () => {
    const { work, tries } = failing(3);
    expect(await withPatience(work, quick)).toBe('kept');
    expect(tries()).toBe(4);
  });

  it('is given up where another try meets the same answer, or after a while', async () => {
    const overtaken = failing(9, new DomainError('illegal_transition', 'overtaken'));
    await expect(withPatience(overtaken.work, quick)).rejects.toMatchObject({
      message: 'overtaken',
    });
    expect(overtaken.tries()).toBe(1);
    await expect(withPatience(failing(1e9).work, quick)).rejects.toBe(away);
  });

  it('is said to be lost when it is lost, and the step goes on', async () => {
    const lines: string[] = [];
    const note = (line: string): Promise<void> => Promise.resolve(void lines.push(line));
    await keepOrSay('what it reached', failing(1e9).work, note, quick);
    expect(lines).toEqual([
      '[slipway] what it reached could not be recorded: the database did not take it',
    ]);
    await keepOrSay('what it reached', failing(1).work, note, quick);
    expect(lines).toHaveLength(1);
  });
});
