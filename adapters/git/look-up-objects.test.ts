import { describe, expect, it } from '@jest/globals';
import { lookUpObjects } from './look-up-objects.ts';

const sha = 'a'.repeat(40);

/** What is found when git says this. */
const found = (names: string[], said: string, asked: unknown[] = []) =>
  lookUpObjects((args, options) => {
    asked.push([args[0], options.input]);
    return Promise.resolve(Buffer.from(said));
  }, names);

describe('objects that are looked up', () => {
  it('come one for each name, in their order, by one process; null for what is not there', async () => {
    const asked: unknown[] = [];
    const said = `b missing\n${sha} commit 7\nab ambiguous\n${sha} blob 0\n`;
    expect(await found(['b', 'main', 'ab', 'main:a b'], said, asked)).toEqual([
      null,
      { sha, type: 'commit', bytes: 7 },
      null,
      { sha, type: 'blob', bytes: 0 },
    ]);
    expect(asked).toEqual([['cat-file', 'b\nmain\nab\nmain:a b\n']]);
    expect(await found([], said, asked)).toEqual([]);
    expect(asked).toHaveLength(1);
  });

  it('are none of them taken from an answer with a line too many or too few', async () => {
    for (const said of ['', `${sha} blob 1\n${sha} blob 2\n`]) {
      await expect(found(['main'], said)).rejects.toThrow('answered something else');
    }
  });
});
