import { PassThrough, Readable } from 'node:stream';
import { extract } from 'tar-stream';
import type { CollectedFile } from '../executor/executor.ts';

/** Read whole before it is passed on: a pipe for each of thousands costs more than what they hold. */
const smallBytes = 1024 * 1024;

/**
 * The regular files of an archive, one after another, in flat memory. Links, devices and folders are passed over: the
 * archive is made from a tree that a step wrote.
 */
export async function* readTar(source: Readable): AsyncGenerator<CollectedFile> {
  const archive = extract();
  const fail = (error?: Error): void => archive.destroy(error ?? new Error('the archive was cut'));
  // `pipe` passes no error on, and a source that is closed before its end would be waited for.
  source.once('error', fail).once('close', () => (source.readableEnded ? undefined : fail()));
  source.pipe(archive);
  for await (const entry of archive) {
    const { name, size, mode, type } = entry.header;
    if (type !== 'file' && type !== 'contiguous-file') {
      entry.resume();
      continue;
    }
    const file = { path: name.replace(/^\.\//, ''), size, mode: mode & 0o777 };
    if (size <= smallBytes) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk);
      yield { ...file, stream: streamOf(Buffer.concat(chunks)) };
      continue;
    }
    const stream = new PassThrough();
    // Whoever reads it hears of a failure; one who has given up reading must not end our process by it.
    stream.on('error', () => undefined);
    const pumped = pump(entry as AsyncIterable<Buffer>, stream);
    yield { ...file, stream };
    // Unread bytes are dropped, so that the next header is found.
    stream.resume();
    await pumped;
  }
}

function streamOf(content: Buffer): Readable {
  return new Readable({
    read() {
      if (content.length > 0) this.push(content);
      this.push(null);
    },
  });
}

async function pump(entry: AsyncIterable<Buffer>, stream: PassThrough): Promise<void> {
  try {
    for await (const chunk of entry) {
      if (stream.destroyed || stream.write(chunk)) continue;
      await new Promise<void>((resolve) => {
        const go = (): void => {
          stream.off('drain', go).off('close', go);
          resolve();
        };
        stream.on('drain', go).on('close', go);
      });
    }
    stream.end();
  } catch (error) {
    stream.destroy(error as Error);
  }
}
