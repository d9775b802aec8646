import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { streamBody } from './direct-answer.ts';

const endless = () =>
  new Readable({
    read() {
      this.push(Buffer.alloc(64 * 1024));
    },
  });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('an answer that is streamed', () => {
  it('is broken off when its client takes nothing of it, and what makes it is let go', async () => {
    const source = endless();
    const client = new PassThrough();
    streamBody(source, 30).send(client);
    await pause(200);
    expect([client.destroyed, source.destroyed]).toEqual([true, true]);
  });

  it('goes on for as long as its client reads, however slowly', async () => {
    const source = endless();
    const client = new PassThrough();
    streamBody(source, 60).send(client);
    for (let turn = 0; turn < 10; turn += 1) {
      await pause(20);
      while (client.read() !== null);
    }
    expect(client.destroyed).toBe(false);
    client.destroy();
    await pause(10);
    expect(source.destroyed).toBe(true);
  });

  it('is broken off where its source has failed before its turn, and ends nothing else', async () => {
    const source = new Readable({ read: () => undefined });
    const body = streamBody(source);
    source.destroy(new Error('the object is gone'));
    await pause(10);
    const client = new PassThrough();
    body.send(client);
    expect(client.destroyed).toBe(true);
  });
});
