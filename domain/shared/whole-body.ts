import type { Readable } from 'node:stream';

/** All bytes of a stream; `buffer` of node:stream/consumers takes ten times as long, which thousands of small ones notice. */
export function wholeBody(stream: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    stream
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .once('end', () => resolve(Buffer.concat(chunks)))
      .once('error', reject)
      .once('close', () => {
        if (!stream.readableEnded) reject(stream.errored ?? new Error('the stream was cut'));
      });
  });
}
