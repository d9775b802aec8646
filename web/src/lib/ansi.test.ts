import { describe, expect, it } from '@jest/globals';
import { ansiClass, parseAnsiLine, plainStyle, stripAnsi } from './ansi.ts';

const esc = '\u001b';

describe('ANSI output in the log view', () => {
  it('colours spans and carries the style over to the next line [A-UI-04]', () => {
    const first = parseAnsiLine(`plain ${esc}[1;31mbad`);
    expect(first.spans.map((s) => [s.text, ansiClass(s.style)])).toEqual([
      ['plain ', ''],
      ['bad', 'ansi-fg-1 ansi-bold'],
    ]);
    const second = parseAnsiLine(`still bad${esc}[0m fine`, first.end);
    expect(second.spans.map((s) => ansiClass(s.style))).toEqual(['ansi-fg-1 ansi-bold', '']);
    expect(second.end).toEqual(plainStyle);
  });

  it('maps 256 colours and true colour to readable tokens by hue [A-UI-04]', () => {
    const fg = (code: string): string | null =>
      parseAnsiLine(`${esc}[${code}mx`).spans[0]?.style.fg ?? null;
    expect(fg('38;5;9')).toBe('9');
    expect(fg('38;5;196')).toBe('1');
    expect(fg('38;5;46')).toBe('2');
    expect(fg('38;5;250')).toBe('7');
    expect(fg('38;2;30;60;200')).toBe('4');
    expect(fg('38;2;255;220;80')).toBe('11');
    expect(fg('38:2:120:0:200')).toBe('5');
  });

  it('reads attributes that follow an extended colour in the same sequence [A-UI-04]', () => {
    const style = parseAnsiLine(`${esc}[38;5;46;1;4mx`).spans[0]?.style;
    expect(style).toMatchObject({ fg: '2', bold: true, underline: true });
  });

  it('drops cursor movement, titles, links and control characters [A-UI-04]', () => {
    expect(
      stripAnsi(`${esc}[2K${esc}[1Ga${esc}]0;title\u0007b${esc}]8;;http://x${esc}\\c\u0008`),
    ).toBe('abc');
  });

  it('shows only what follows the last carriage return, as a terminal would [A-UI-04]', () => {
    expect(stripAnsi('10%\r50%\r100%')).toBe('100%');
    expect(stripAnsi('windows line\r')).toBe('windows line');
    expect(stripAnsi(`${esc}[31m10%${esc}[0m\rdone`)).toBe('done');
  });

  it('keeps text readable on a coloured ground, also inverse [A-UI-04]', () => {
    const classes = (code: string): string =>
      ansiClass(parseAnsiLine(`${esc}[${code}mx`).spans[0]?.style ?? plainStyle);
    expect(classes('41;37')).toBe('ansi-bg-1 ansi-on-bg');
    expect(classes('7;32')).toBe('ansi-bg-2 ansi-on-bg');
  });
});
