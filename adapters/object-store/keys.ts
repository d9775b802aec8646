import { createHash, type Hash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { DomainError } from '../../contracts/problems.ts';
import type { ByteRange, PutResult } from './object-store.ts';

/** Refuses what could leave the store or mean two things on two systems. */
export function checkKey(key: string): string {
  const parts = key.split('/');
  const good =
    Buffer.byteLength(key) <= 512 &&
    parts.every((part) => /^[A-Za-z0-9_.=@+-]{1,200}$/.test(part) && part !== '.' && part !== '..');
  if (!good) throw new DomainError('validation_failed', 'The key of the object is not valid.');
  return key;
}

/** Refuses ranges that no object can answer. */
export function checkRange(range: ByteRange): ByteRange {
  const good =
    Number.isSafeInteger(range.start) &&
    range.start >= 0 &&
    (range.end === undefined || (Number.isSafeInteger(range.end) && range.end >= range.start));
  if (!good) throw new DomainError('validation_failed', 'The byte range is not valid.');
  return range;
}

/** Counts and hashes what flows through. */
export class Meter extends Transform {
  readonly #hash: Hash = createHash('sha256');
  #bytes = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    done(null, chunk);
  }

  /** Ask once, after the end. */
  result(): PutResult {
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }
}
