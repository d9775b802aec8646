import type { ByteStream } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';

/** More than the hooks' own limit, so that a list that is merely long is refused by them, in words. */
const maxCommandBytes = 16 * 1024 * 1024;

function tooManyCommands(): DomainError {
  return new DomainError('body_too_large', 'The list of refs of this push is too long.');
}

/**
 * Passes a push request on, and fails when its list of refs (the packets before the first flush packet) is too long:
 * git would hold all of it in memory, and no limit of git's own counts it.
 */
export async function* limitCommands(input: ByteStream): AsyncGenerator<Uint8Array> {
  let inCommands = true;
  let seen = 0;
  let skip = 0;
  let header = '';
  for await (const chunk of input) {
    for (let at = 0; inCommands && at < chunk.length;) {
      if (skip > 0) {
        const step = Math.min(skip, chunk.length - at);
        skip -= step;
        at += step;
        continue;
      }
      header += String.fromCharCode(chunk[at] ?? 0);
      at += 1;
      if (header.length < 4) continue;
      const length = /^[0-9a-f]{4}$/iu.test(header) ? Number.parseInt(header, 16) : 0;
      // A flush packet, or something git will refuse by itself.
      if (length < 4) inCommands = false;
      skip = Math.max(0, length - 4);
      header = '';
    }
    if (inCommands) {
      seen += chunk.length;
      if (seen > maxCommandBytes) throw tooManyCommands();
    }
    yield chunk;
  }
}

/** Passes bytes on and fails with `body_too_large` when there are more than `maxBytes`. */
export async function* limitBytes(input: ByteStream, maxBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of input) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new DomainError('body_too_large', 'The request is too large.');
    yield chunk;
  }
}
