import { describe, expect, it } from '@jest/globals';
import { PlainText, visibleLine } from './plain-text.ts';

const esc = String.fromCharCode(0x1b);
const bell = String.fromCharCode(7);
const rlo = String.fromCharCode(0x202e);

const plain = (text: string): string => new PlainText().push(text);

describe('plain text', () => {
  it('keeps text, tabs and newlines as they are [A-PIPE-06]', () => {
    const text = 'grün €𝄞\tone\n\ntwo 👩‍👩‍👧 שלום\n';
    expect(plain(text)).toBe(text);
  });

  it.each([
    ['colours', `${esc}[1;31mred${esc}[0m`, 'red'],
    ['moves of the cursor', `one${esc}[2A${esc}[2Ktwo`, 'onetwo'],
    ['a title', `${esc}]0;title${bell}text`, 'text'],
    ['a link, ended by ST', `${esc}]8;;http://x${esc}\\word${esc}]8;;${esc}\\`, 'word'],
    ['a request to the terminal', `${esc}P$q"p${esc}\\${esc}[5n`, ''],
    [
      '8 bit forms',
      `a${String.fromCharCode(0x9b)}31mb${String.fromCharCode(0x9d)}0;t${bell}c`,
      'abc',
    ],
    ['character sets and resets', `${esc}(B${esc}cx`, 'x'],
    ['lone control characters', `a${bell}\bb\u007fc\0d`, 'abcd'],
    ['carriage returns', 'half\rwhole\r\nnext', 'half\nwhole\nnext'],
    ['directions of writing', `a${rlo}b`, 'a\\u{202e}b'],
  ])('has no %s [A-PIPE-06]', (_, given, wanted) => {
    expect(plain(given)).toBe(wanted);
  });

  it('is the same wherever the pieces are cut [A-PIPE-06]', () => {
    const text = `a${esc}[31mred${esc}[0m\r\n${esc}]0;t${esc}\\b${rlo}c\rd\n`;
    for (let cut = 0; cut <= text.length; cut += 1) {
      const stream = new PlainText();
      expect(stream.push(text.slice(0, cut)) + stream.push(text.slice(cut))).toBe(plain(text));
    }
  });

  it('swallows nothing behind the line of a sequence that never ends [A-PIPE-06]', () => {
    expect(plain(`${esc}]0;never\nnext\n`)).toBe('\nnext\n');
    expect(plain(`${esc}[3\nnext\n`)).toBe('\nnext\n');
  });

  it('spells out all that is invisible in one line of a message [A-GIT-05]', () => {
    expect(visibleLine(`a${esc}[2Jb\nc${rlo}d`)).toBe('a\\u{1b}[2Jb\\u{a}c\\u{202e}d');
    expect(visibleLine('Zoë, v1.0 – ok')).toBe('Zoë, v1.0 – ok');
  });
});
