import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { BlobStore } from '../../domain/shared/blob-store.ts';

/** An object store in memory, for tests that are not about the store itself. A put that fails leaves what was there. */
export function createMemoryStore(): BlobStore & { objects: Map<string, Buffer> } {
  const objects = new Map<string, Buffer>();
  return {
    objects,
    async put(key, body) {
      const bytes = Buffer.isBuffer(body) ? body : await buffer(body);
      objects.set(key, bytes);
      return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
    },
    get(key, range) {
      const bytes = objects.get(key);
      if (bytes === undefined) return Promise.resolve(null);
      const wanted = bytes.subarray(range?.start ?? 0, (range?.end ?? bytes.length) + 1);
      const pieces: Buffer[] = [];
      for (let at = 0; at < wanted.length; at += 16_384)
        pieces.push(wanted.subarray(at, at + 16_384));
      return Promise.resolve(Readable.from(pieces));
    },
    head(key) {
      const bytes = objects.get(key);
      return Promise.resolve(bytes === undefined ? null : { bytes: bytes.length });
    },
    delete(key) {
      objects.delete(key);
      return Promise.resolve();
    },
  };
}
