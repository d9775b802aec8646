import { describe, expect, it } from '@jest/globals';
import { subjectLine } from './notice.ts';

describe('the subject of a notification', () => {
  it('is one line of 200 characters, and holds no half of one [A-NOT-02]', () => {
    expect(subjectLine(' a\n\tb ')).toBe('a b');
    expect(subjectLine('x'.repeat(300))).toBe('x'.repeat(200));
    expect(subjectLine(`${'x'.repeat(199)}🚀🚀`)).toBe(`${'x'.repeat(199)}🚀`);
  });
});
