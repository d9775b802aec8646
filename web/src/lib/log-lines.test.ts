import { describe, expect, it } from '@jest/globals';
import { LogLines } from './log-lines.ts';

describe('lines of a log', () => {
  it('joins pieces that cut a line in two and shows the open line [A-UI-04]', () => {
    const log = new LogLines();
    log.append(0, 'one\ntw');
    expect(log.lines).toEqual(['one', 'tw']);
    log.append(6, 'o\nthree\n');
    expect(log.lines).toEqual(['one', 'two', 'three']);
    expect(log.offset).toBe(14);
  });

  it('adds nothing twice when a follower resumes at an earlier byte offset [A-UI-04]', () => {
    const log = new LogLines();
    log.append(0, 'grün\nblau\n');
    expect(log.append(0, 'grün\n')).toBe(0);
    log.append(6, 'blau\nrot\n');
    expect(log.lines).toEqual(['grün', 'blau', 'rot']);
  });

  it('keeps the lines of the platform apart: a step can neither print one, colour one nor fold one away [A-UI-04]', () => {
    const log = new LogLines();
    log.append(0, '[slipway] mine\n::group::all\n\u001b[31;8mred');
    log.append(log.offset, '\n--- attempt 2 ---\n', 'platform');
    log.append(log.offset, 'again\n');
    expect(log.lines).toEqual([
      '[slipway] mine',
      '::group::all',
      '\u001b[31;8mred',
      '--- attempt 2 ---',
      'again',
    ]);
    expect(log.lines.map((_, line) => log.isPlatform(line))).toEqual([
      false,
      false,
      false,
      true,
      false,
    ]);
    expect(log.styleAt(3).fg).toBeNull();
    expect(log.styleAt(4).fg).toBe('1');
    expect(log.groups).toEqual([{ title: 'all', start: 1, end: 3 }]);
  });

  it('finds the first failure and is not misled by a count of zero [A-UI-04]', () => {
    const log = new LogLines();
    log.append(
      0,
      'Tests: 0 failed, 12 passed\nerrors: 0\nno errors\n\u001b[31mError\u001b[0m: no such file\n',
    );
    expect(log.firstFailure()).toBe(3);
  });

  it('searches what is seen, not the colour codes [A-UI-04]', () => {
    const log = new LogLines();
    log.append(0, 'npm \u001b[1mtest\u001b[0m\nbuild\nTEST again\n');
    expect(log.search('npm test')).toEqual([0]);
    expect(log.search('test')).toEqual([0, 2]);
    expect(log.search('[1m')).toEqual([]);
  });

  it('knows the colour in force at the start of each line [A-UI-04]', () => {
    const log = new LogLines();
    log.append(0, '\u001b[32mok\nstill\n\u001b[0mplain\nend\n');
    expect(log.styleAt(1).fg).toBe('2');
    expect(log.styleAt(3).fg).toBeNull();
  });

  it('keeps groups with their extent [A-UI-04]', () => {
    const log = new LogLines();
    log.append(0, '::group::Install\na\nb\n::endgroup::\n::group::Test\nc\n');
    expect(log.groups).toEqual([
      { title: 'Install', start: 0, end: 4 },
      { title: 'Test', start: 4, end: null },
    ]);
  });

  it('takes a million lines in a few seconds [A-UI-04]', () => {
    const log = new LogLines();
    const piece = 'line of output, about as long as most of them are\n'.repeat(1000);
    const began = Date.now();
    for (let i = 0; i < 1000; i += 1) log.append(i * piece.length, piece);
    expect(log.lines.length).toBe(1_000_000);
    expect(Date.now() - began).toBeLessThan(60_000);
  });
});
