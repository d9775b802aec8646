import { describe, expect, it } from '@jest/globals';
import { LogRing } from './log-ring.ts';

function ringOf(limit: number, chunks: readonly string[]): LogRing {
  const ring = new LogRing(limit);
  for (const chunk of chunks) ring.write(Buffer.from(chunk));
  return ring;
}

describe('the kept output of an application', () => {
  it('is its last bytes, from the beginning of a line on where earlier ones were dropped', () => {
    expect(ringOf(10, []).text()).toBe('');
    expect(ringOf(10, ['one\n', 'two\n']).text()).toBe('one\ntwo\n');
    expect(ringOf(10, ['one\n', 'two\n', 'three\n']).text()).toBe('three\n');
    expect(ringOf(10, ['0123456789abc\ndef\n']).text()).toBe('def\n');
    expect(ringOf(4, ['no line at all']).text()).toBe(' all');
  });

  it('is the same however it was cut, and takes no more memory than twice that [A-DEP-02]', () => {
    const text = Array.from({ length: 3000 }, (_, at) => `line ${String(at)}\n`).join('');
    const whole = ringOf(1000, [text]);
    const bytewise = ringOf(1000, [...text]);
    expect(bytewise.text()).toBe(whole.text());
    expect(bytewise.text().endsWith('line 2999\n')).toBe(true);
    expect(bytewise.capacity).toBeLessThanOrEqual(2000);
  });
});
