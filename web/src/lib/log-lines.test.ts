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

  it('begins in the middle and takes the rest in its place, whatever comes first [A-UI-04]', () => {
    const whole = '::group::a\n\u001b[32mone\ntwo\n::endgroup::\nthree\u001b[0m\nfour\nfive\n';
    const start = whole.indexOf('two');
    const behind = whole.indexOf('four');
    const log = new LogLines();
    log.begin({ start, line: 2, lines: 7 });
    log.append(start, whole.slice(start, behind + 2));
    const loaded = () => log.lines.map((_line, index) => log.isLoaded(index));
    expect(loaded()).toEqual([false, false, true, true, true, true, false]);
    expect(log.lines.slice(2, 6)).toEqual(['two', '::endgroup::', 'three\u001b[0m', 'fo']);
    expect([log.isSettled(4), log.isSettled(5), log.isFilled]).toEqual([true, false, false]);
    log.fill(0, whole.slice(0, 13), 'step');
    log.append(behind + 2, whole.slice(behind + 2));
    // a part that reaches into what is there already
    log.fill(13, whole.slice(13, start + 2), 'step');
    log.end();
    const straight = new LogLines();
    straight.append(0, whole);
    expect(log.lines).toEqual(straight.lines);
    expect(log.groups).toEqual(straight.groups);
    expect(log.lines.map((_line, index) => log.styleAt(index))).toEqual(
      straight.lines.map((_line, index) => straight.styleAt(index)),
    );
    expect(loaded()).toEqual(straight.lines.map(() => true));
    expect(log.offset).toBe(straight.offset);
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
