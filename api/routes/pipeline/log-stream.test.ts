import { describe, expect, it } from '@jest/globals';
import { followEvents } from './log-stream.ts';

describe('a quiet stream', () => {
  it('sends a comment now and then, and ends the reading when the client leaves', async () => {
    const gone = new AbortController();
    let isReturned = false;
    const never = (async function* () {
      try {
        await new Promise((resolve) => gone.signal.addEventListener('abort', resolve));
      } finally {
        isReturned = true;
      }
      return null;
    })();
    const events = followEvents(never, 30);
    const texts: unknown[] = [];
    while (texts.length < 3) texts.push((await events.next()).value);
    expect(texts).toEqual(['retry: 1000\n\n', ': still here\n\n', ': still here\n\n']);
    gone.abort();
    await events.return();
    expect(isReturned).toBe(true);
  });
});
