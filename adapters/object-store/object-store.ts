import type { Readable } from 'node:stream';

/**
 * Large values by key: logs, artifacts, snapshots. Keys are `/`-separated names (`logs/run_…/3`), at most 512 bytes, each
 * part `[A-Za-z0-9_.=@+-]+` and not `.` or `..`; anything else is `validation_failed`. No key is the folder of another:
 * S3 servers that keep files refuse an `a/b` beside an `a`.
 */
export interface ObjectStore {
  /** Writes the whole object or nothing; an object that is there is replaced. Durable when it resolves. */
  put(key: string, body: Readable | Buffer, options?: PutOptions): Promise<PutResult>;
  /** The object's bytes, or null when there is none. `range` counts from 0, `end` included; beyond the end is cut off. */
  get(key: string, range?: ByteRange): Promise<Readable | null>;
  head(key: string): Promise<{ bytes: number } | null>;
  /** No error when there is none. */
  delete(key: string): Promise<void>;
  /** Keys that begin with `prefix`, in no order that can be relied on. */
  list(prefix: string): AsyncIterable<string>;
}

export interface PutOptions {
  contentType?: string;
}

export interface PutResult {
  bytes: number;
  /** lower-case hex of the content */
  sha256: string;
}

export interface ByteRange {
  start: number;
  end?: number;
}
