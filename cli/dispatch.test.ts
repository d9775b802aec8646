import { describe, expect, it, jest } from '@jest/globals';
import { type Command, dispatch } from './dispatch.ts';

/** A command line with one command of each kind; what was run and printed. */
async function slipway(...words: string[]) {
  const run = jest.fn<Command['run']>().mockResolvedValue(5);
  const printed: string[] = [];
  const commands = {
    api: { run, help: 'serve', settings: true },
    'backup create': {
      run,
      help: 'back up',
      takes: '<folder> [--with-key]',
      options: { 'with-key': { type: 'boolean' } },
      words: 1,
    },
    'backup verify': { run, help: 'compare sums', takes: '<folder>', words: 1 },
  } as const;
  const terminal = { version: '1.2.3', print: (text: string) => printed.push(text) };
  const ended = await dispatch(words, commands, terminal).catch((error: unknown) => error);
  return { ended, printed: printed.join('\n'), ran: run.mock.calls.map(([args]) => args) };
}

describe('the command line', () => {
  it('gives a command what is behind its name, and ends as it does', async () => {
    expect(await slipway('api', '--port', '0')).toMatchObject({ ended: 5, ran: [['--port', '0']] });
    const { ran } = await slipway('backup', 'create', 'a', '--with-key');
    expect(ran).toEqual([['a', '--with-key']]);
  });

  it.each([['api'], ['backup', 'create'], ['backup', 'verify'], ['backup']])(
    'tells how to use `%s %s` and starts nothing',
    async (...words) => {
      for (const asked of [
        [...words, '--help'],
        [...words, '-h'],
        ['help', ...words],
        ['--help', ...words],
      ]) {
        const { ended, printed, ran } = await slipway(...asked);
        expect([ended, ran]).toEqual([0, []]);
        expect(printed).toContain(`slipway ${words.join(' ')}`);
        expect(printed).not.toContain(words[0] === 'api' ? 'backup' : 'slipway api');
      }
      expect((await slipway('api', '--port', '0', '--help')).ran).toEqual([]);
    },
  );

  it('tells its version, and everything it can do', async () => {
    expect(await slipway('--version')).toMatchObject({ ended: 0, printed: '1.2.3' });
    const { ended, printed } = await slipway('--help');
    expect(ended).toBe(0);
    for (const name of ['api', 'backup create', 'backup verify']) expect(printed).toContain(name);
    expect(await slipway()).toMatchObject({ ended: 2, printed });
  });

  it.each([
    [['fly'], "'fly' is not a command"],
    [['backup', 'fly'], "'backup fly' is not a command"],
    [['backup'], "'backup' is not a command"],
    [['--fly'], "Unknown option '--fly'"],
    [['--version', 'api'], "'--version' comes before a command"],
    [['backup', 'verify', 'a', '--with-key'], "Unknown option '--with-key'"],
    [['backup', 'create', 'a', '--with-key=yes'], 'does not take an argument'],
    [['backup', 'verify', 'a', 'b'], "'b' is one word too many"],
  ])('refuses %j and says how it is used', async (words, problem) => {
    const { ended, ran } = await slipway(...words);
    expect(ended).toMatchObject({ exitCode: 2, message: expect.stringContaining(problem) });
    expect((ended as Error).message).toContain('slipway ');
    expect(ran).toEqual([]);
  });
});
