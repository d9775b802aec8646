import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { BodyEncoding, ByteStream } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';

/** By its code: errors of zlib come from another realm where tests run. */
const isBroken = (error: unknown): boolean =>
  ((error as NodeJS.ErrnoException | null)?.code ?? '').startsWith('Z_');

/**
 * What a client sent, unzipped where it is zipped; never held as a whole. Nothing is read before somebody asks for it.
 * @throws DomainError `malformed_body` for one that is no whole gzip
 */
export async function* inflateBody(
  input: ByteStream,
  encoding: BodyEncoding = 'identity',
): AsyncGenerator<Uint8Array> {
  if (encoding === 'identity') {
    yield* input;
    return;
  }
  const gunzip = createGunzip();
  // It may turn out to be broken when its reader has gone already: without a listener that would end the process.
  gunzip.on('error', () => undefined);
  const source = input instanceof Readable ? input : Readable.from(input, { objectMode: false });
  pipeline(source, gunzip, () => undefined);
  try {
    yield* gunzip as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (!isBroken(error)) throw error;
    throw new DomainError('malformed_body', 'The body is not a whole gzip stream.');
  }
}
