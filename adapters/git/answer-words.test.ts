import { describe, expect, it } from '@jest/globals';
import { AnswerWriter, explainAnswer } from './answer-words.ts';

const packet = (band: number | null, text: string): string => {
  const body = band === null ? text : String.fromCharCode(band) + text;
  return (body.length + 4).toString(16).padStart(4, '0') + body;
};
const full = packet(2, 'fatal: write error: No space left on device\n');
const report = packet(1, packet(null, 'unpack index-pack abnormal exit\n'));

/** What a client gets of an answer that comes in pieces of so many bytes. */
function written(answer: string, size: number): string {
  const writer = new AnswerWriter(explainAnswer);
  const bytes = Buffer.from(answer, 'latin1');
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    out.push(writer.write(bytes.subarray(at, at + size)));
  }
  return Buffer.concat([...out, writer.end()]).toString('latin1');
}

describe('the answer to a push', () => {
  it.each([1, 3, 7, 1000])(
    'says in words of ours that the disk is full, in pieces of %i bytes [A-HLT-02]',
    (size) => {
      const answer = written(`${full}${report}0000`, size);
      expect(answer.startsWith(full + report)).toBe(true);
      expect(answer).toMatch(/\x02\nThe disk of the repositories is full[^\n]+\n0000$/);
    },
  );

  it.each([1, 3, 1000])('is left as it is where nothing failed, in pieces of %i bytes', (size) => {
    const fine = `${packet(1, packet(null, 'unpack ok\n'))}0000`;
    expect(written(fine, size)).toBe(fine);
    const withoutBands = `${packet(null, 'unpack error: No space left on device\n')}0000`;
    expect(written(withoutBands, size)).toBe(withoutBands);
    const cut = full.slice(0, 20);
    expect(written(cut, size)).toBe(cut);
  });
});
