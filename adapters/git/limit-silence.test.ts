import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { limitSilence } from './limit-silence.ts';

describe('the silence of a client', () => {
  it('ends its request, also where the source never answers again', async () => {
    const source = new ReadableStream<Uint8Array>({
      start: (control) => {
        control.enqueue(Buffer.of(1));
      },
    });
    const got: number[] = [];
    const read = async (): Promise<void> => {
      for await (const chunk of limitSilence(source, 20)) got.push(chunk.length);
    };
    await expect(read()).rejects.toMatchObject({ code: 'request_timeout' });
    expect(got).toEqual([1]);
  });

  it('is not counted while we are busy with what it has sent', async () => {
    async function* ready(): AsyncGenerator<Uint8Array> {
      yield Buffer.of(1);
      yield Buffer.of(2);
    }
    let count = 0;
    for await (const chunk of limitSilence(ready(), 20)) {
      await sleep(50);
      count += chunk.length;
    }
    expect(count).toBe(2);
  });
});
