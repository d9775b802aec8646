import type { Readable } from 'node:stream';

/** What use-cases need of an object store; adapters/object-store has the drivers. A `put` is seen whole or not at all. */
export interface BlobStore {
  put(
    key: string,
    body: Readable | Buffer,
    opts?: { contentType?: string },
  ): Promise<{ bytes: number; sha256: string }>;
  /** null when there is no such object; `start` is the first byte wanted, `end` the last */
  get(key: string, range?: { start: number; end?: number }): Promise<Readable | null>;
  head(key: string): Promise<{ bytes: number } | null>;
  delete(key: string): Promise<void>;
}
