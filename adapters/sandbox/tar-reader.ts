import { PassThrough } from 'node:stream';
import type { CollectedFile } from '../executor/executor.ts';

const block = 512;

/** Reads exact byte counts from a stream of chunks. */
class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** Up to `max` bytes, null at the end. */
  async some(max: number): Promise<Buffer | null> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return null;
      this.#rest = next.value;
    }
    const part = this.#rest.subarray(0, max);
    this.#rest = this.#rest.subarray(part.length);
    return part;
  }

  async exact(count: number): Promise<Buffer | null> {
    const parts: Buffer[] = [];
    for (let missing = count; missing > 0;) {
      const part = await this.some(missing);
      if (part === null) return null;
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  async skip(count: number): Promise<void> {
    for (let missing = count; missing > 0;) {
      const part = await this.some(missing);
      if (part === null) return;
      missing -= part.length;
    }
  }
}

/**
 * The regular files of a POSIX (pax) archive, one after another, in flat memory. Links, devices and folders are passed
 * over: the archive is made from a tree that a step wrote.
 */
export async function* readTar(source: AsyncIterable<Buffer>): AsyncGenerator<CollectedFile> {
  const reader = new ByteReader(source);
  let extended = new Map<string, string>();
  for (
    let header = await reader.exact(block);
    header !== null;
    header = await reader.exact(block)
  ) {
    if (header.every((byte) => byte === 0)) return;
    const type = String.fromCharCode(header[156] ?? 0);
    const size = Number(extended.get('size') ?? numberAt(header, 124, 12));
    const padding = (block - (size % block)) % block;
    if (type === 'x') {
      extended = paxRecords(await reader.exact(size));
      await reader.skip(padding);
      continue;
    }
    if (type === '0' || type === '\0') {
      const stream = new PassThrough();
      // Whoever reads it hears of a failure; one who has given up reading must not end our process by it.
      stream.on('error', () => undefined);
      const pumped = pump(reader, size, stream);
      pumped.catch((error: unknown) => stream.destroy(error as Error));
      yield { path: (extended.get('path') ?? nameOf(header)).replace(/^\.\//, ''), size, stream };
      // Unread bytes are dropped, so that the next header is found.
      stream.resume();
      await pumped;
    } else {
      await reader.skip(size);
    }
    await reader.skip(padding);
    extended = new Map();
  }
}

async function pump(reader: ByteReader, size: number, stream: PassThrough): Promise<void> {
  for (let missing = size; missing > 0;) {
    const part = await reader.some(missing);
    if (part === null) {
      stream.destroy(new Error('the archive ended in the middle of a file'));
      return;
    }
    missing -= part.length;
    if (stream.destroyed || stream.write(part)) continue;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        stream.off('drain', go).off('close', go);
        resolve();
      };
      stream.on('drain', go).on('close', go);
    });
  }
  stream.end();
}

function nameOf(header: Buffer): string {
  const prefix = textAt(header, 345, 155);
  const name = textAt(header, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

function textAt(header: Buffer, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.subarray(0, end === -1 ? length : end).toString('utf8');
}

function numberAt(header: Buffer, start: number, length: number): number {
  return Number.parseInt(textAt(header, start, length).trim() || '0', 8);
}

/** `<length> <key>=<value>\n`, the length counting the whole record in bytes (POSIX.1-2001 pax). */
function paxRecords(body: Buffer | null): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; body !== null && at < body.length;) {
    const space = body.indexOf(0x20, at);
    const length = Number(body.subarray(at, space).toString('latin1'));
    if (space === -1 || !(length > 0)) return records;
    const record = body.subarray(space + 1, at + length - 1).toString('utf8');
    const equals = record.indexOf('=');
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}
