import { describe, expect, it } from '@jest/globals';
import { createDemos } from './start-demo.ts';

describe('sample projects', () => {
  it('are made for each user one at a time, and for two users at once', async () => {
    const begun: string[] = [];
    const go = new Map<string, () => void>();
    const make = createDemos('http://x', async (_url, token) => {
      begun.push(token);
      await new Promise<void>((resolve) => go.set(token, resolve));
      return { owner: 'o', name: token, pipelineId: 'p', number: 1 };
    });
    const turn = () => new Promise((resolve) => setTimeout(resolve, 20));
    const all = [make('a1', 'ann'), make('a2', 'ann'), make('b1', 'bob'), make('c1', 'cat')];
    await turn();
    expect(begun).toEqual(['a1', 'b1']);
    go.get('b1')?.();
    await turn();
    expect(begun).toEqual(['a1', 'b1', 'c1']);
    go.get('a1')?.();
    await turn();
    expect(begun).toEqual(['a1', 'b1', 'c1', 'a2']);
    for (const next of ['c1', 'a2']) go.get(next)?.();
    expect((await Promise.all(all)).map(({ name }) => name)).toEqual(['a1', 'a2', 'b1', 'c1']);
  });
});
