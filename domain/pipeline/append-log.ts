import { DomainError } from '../../contracts/problems.ts';
import { visibleLine } from '../../contracts/shared/plain-text.ts';
import type { Db } from '../shared/db.ts';
import { appendChunk, findLogEnd, type LogEnd } from './log-chunks.ts';
import { characterCut, cleanText } from './log-text.ts';
import type { Masker } from './mask.ts';

export interface LogWriterOptions {
  stepId: string;
  /** the attempt that writes; an older one than the step's is refused */
  attempt: number;
  masker: Masker;
  /** where the log ends, when that is known; asked of the database unless told */
  end?: Omit<LogEnd, 'attempt'>;
  /** bytes that one step's log may have; 50 MiB unless told */
  capBytes?: number;
  /** output is written at most this often, ms; the first of a burst at once */
  flushMs?: number;
  /** bytes in one row */
  flushBytes?: number;
  /** how long to try again while the database is away, ms */
  patienceMs?: number;
}

export interface LogWriter {
  /** Takes output of the command; waits while more than a few rows' worth is not stored yet. */
  write(chunk: Buffer): Promise<void>;
  /** A line of the platform itself. It is kept even when the log is full. */
  note(line: string): Promise<void>;
  /**
   * Stores all that is left. `bytes` is the length of the step's whole log, over all attempts; `whole` is that log, where it
   * is short and all of it was written here.
   */
  close(): Promise<{ bytes: bigint; whole: Buffer | null }>;
}

const mebibyte = 1024 * 1024;
/** A log up to this length is remembered, so that moving it needs no reading. */
const SHORT_BYTES = 64 * 1024;

/**
 * Opens a step's log for one attempt. Output goes through the masker, is made valid UTF-8 and is appended as rows of
 * `log_chunks` after what is stored already, so what a follower saw is never lost or changed. Each row is announced
 * on the channel `slipway_log`.
 *
 * @throws DomainError `conflict` (stale attempt) from any call once a newer attempt owns the step, `not_found` without a step
 */
export async function openLogWriter(db: Db, options: LogWriterOptions): Promise<LogWriter> {
  const { end, ...rest } = options;
  if (end !== undefined) return new BufferedLogWriter(db, rest, end.bytes, end.endsLine);
  const found = await findLogEnd(db, options.stepId);
  if (found === null) throw new DomainError('not_found', 'There is no such step.');
  if (found.attempt > options.attempt) throw staleAttempt();
  return new BufferedLogWriter(db, rest, found.bytes, found.endsLine);
}

export function staleAttempt(): DomainError {
  return new DomainError('conflict', 'A stale attempt: a newer attempt of this step has started.');
}

/** Bytes to store, and whose words they are. */
interface Words {
  bytes: Buffer;
  isPlatform: boolean;
}

class BufferedLogWriter implements LogWriter {
  private readonly db: Db;
  private readonly options: Required<Omit<LogWriterOptions, 'end'>>;
  private readonly cleaner = cleanText();
  private pending: Words[] = [];
  private pendingBytes = 0;
  /** length of the whole log when all that is pending is stored */
  private total: bigint;
  private endsLine: boolean;
  private stored: bigint;
  private lastFlush = -Infinity;
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> | undefined;
  private failure: Error | undefined;
  /** all that is stored of the log; null: it is not short, or begun by others */
  private whole: Buffer[] | null;

  constructor(db: Db, options: Omit<LogWriterOptions, 'end'>, end: bigint, endsLine: boolean) {
    this.db = db;
    this.options = {
      capBytes: 50 * mebibyte,
      flushMs: 40,
      flushBytes: 64 * 1024,
      patienceMs: 60_000,
      ...options,
    };
    this.total = end;
    this.stored = end;
    this.endsLine = endsLine;
    this.whole = end === 0n ? [] : null;
  }

  async write(chunk: Buffer): Promise<void> {
    this.keep(this.options.masker.push(this.cleaner.push(chunk)));
    await this.settle();
  }

  async note(line: string): Promise<void> {
    // Names in it are strangers': none of them makes a second line, or an order to a terminal.
    const text = `${visibleLine(line.replace(/\n$/u, ''))}\n`;
    this.queue(Buffer.from(this.endsLine ? text : `\n${text}`, 'utf8'), true);
    await this.settle();
  }

  async close(): Promise<{ bytes: bigint; whole: Buffer | null }> {
    this.keep(
      Buffer.concat([this.options.masker.push(this.cleaner.end()), this.options.masker.end()]),
    );
    clearTimeout(this.timer);
    while (this.failure === undefined && (this.flushing !== undefined || this.pendingBytes > 0)) {
      await (this.flushing ?? this.flush());
    }
    this.refuseAfterFailure();
    return { bytes: this.stored, whole: this.whole === null ? null : Buffer.concat(this.whole) };
  }

  /** Queues output up to the cap; the rest is dropped after one marker, and the command goes on. */
  private keep(output: Buffer): void {
    if (output.length === 0) return;
    const room = BigInt(this.options.capBytes) - this.total;
    if (room < 0n) return;
    if (BigInt(output.length) <= room) {
      this.queue(output);
      return;
    }
    this.queue(output.subarray(0, characterCut(output, Number(room))));
    // the marker lies beyond the cap, so that a later attempt sees that it was written
    const limit = `${String(Math.floor(this.options.capBytes / mebibyte))} MiB`;
    const marker = `--- the log reached its limit of ${limit}; the rest is not kept ---\n`;
    const filler = ' '.repeat(Math.max(0, Number(BigInt(this.options.capBytes) - this.total)));
    this.queue(Buffer.from(`${filler}${this.endsLine ? '' : '\n'}`));
    this.queue(Buffer.from(marker), true);
  }

  private queue(bytes: Buffer, isPlatform = false): void {
    if (bytes.length === 0) return;
    this.pending.push({ bytes, isPlatform });
    this.pendingBytes += bytes.length;
    this.total += BigInt(bytes.length);
    this.endsLine = bytes[bytes.length - 1] === 10;
  }

  /** Starts a flush when one is due, and waits while too much is pending. */
  private async settle(): Promise<void> {
    this.refuseAfterFailure();
    if (this.pendingBytes === 0) return;
    this.schedule();
    while (this.pendingBytes > this.options.flushBytes * 4) {
      await (this.flushing ?? this.flush());
      this.refuseAfterFailure();
    }
  }

  private refuseAfterFailure(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  private schedule(): void {
    if (this.flushing !== undefined || this.failure !== undefined || this.pendingBytes === 0)
      return;
    const wait = this.lastFlush + this.options.flushMs - performance.now();
    if (wait <= 0 || this.pendingBytes >= this.options.flushBytes) {
      clearTimeout(this.timer);
      this.timer = undefined;
      void this.flush();
    } else {
      this.timer ??= setTimeout(() => {
        this.timer = undefined;
        if (this.flushing === undefined && this.pendingBytes > 0) void this.flush();
      }, wait);
    }
  }

  /** Never rejects: a failure is kept for the next call of the owner. */
  private flush(): Promise<void> {
    this.flushing = this.storeOne()
      .catch((error: unknown) => {
        this.failure = error instanceof Error ? error : new Error(String(error));
      })
      .finally(() => {
        this.flushing = undefined;
        this.schedule();
      });
    return this.flushing;
  }

  private async storeOne(): Promise<void> {
    const isPlatform = this.pending[0]?.isPlatform === true;
    // One row holds the words of one of the two.
    const other = this.pending.findIndex((words) => words.isPlatform !== isPlatform);
    const alike = other === -1 ? this.pending : this.pending.slice(0, other);
    const all = Buffer.concat(alike.map(({ bytes }) => bytes));
    const row = all.subarray(0, characterCut(all, this.options.flushBytes));
    const rest = all.subarray(row.length);
    const later = this.pending.slice(alike.length);
    this.pending = rest.length > 0 ? [{ bytes: rest, isPlatform }, ...later] : later;
    this.lastFlush = performance.now();
    const { stepId, attempt, patienceMs } = this.options;
    const end = await appendChunk(this.db, {
      stepId,
      attempt,
      data: row,
      isPlatform,
      knownEnd: this.stored,
      patienceMs,
    });
    if (end === null) throw staleAttempt();
    this.stored = end;
    this.whole?.push(row);
    if (end > SHORT_BYTES) this.whole = null;
    this.pendingBytes -= row.length;
  }
}
