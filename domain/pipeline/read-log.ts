import type { Db } from '../shared/db.ts';
import type { BlobStore } from '../shared/blob-store.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { StepStatus } from '../../contracts/pipeline/types.ts';
import { findChunks } from './log-chunks.ts';
import type { LogHub } from './log-hub.ts';
import { wholeCharacters } from './log-text.ts';

/** A piece of a log; `offset` is that of its first byte in the step's whole log. */
export interface LogPiece {
  offset: bigint;
  data: Buffer;
  /** the platform's own words, told beside the text: what stands in it a command could print as well */
  isPlatform: boolean;
}

type RawPiece = Omit<LogPiece, 'isPlatform'>;

const pieceBytes = 256 * 1024;

export interface LogState {
  logRef: string | null;
  bytes: bigint;
  status: StepStatus;
  exitCode: number | null;
}

const ended: ReadonlySet<StepStatus> = new Set(['success', 'failure', 'skipped', 'cancelled']);

export async function findLogState(db: Db, stepId: string): Promise<LogState> {
  const step = await db.pipelineStep.findUnique({
    where: { id: stepId },
    select: { logRef: true, logBytes: true, status: true, exitCode: true },
  });
  if (step === null) throw new DomainError('not_found', 'There is no such step.');
  return {
    logRef: step.logRef,
    bytes: step.logBytes,
    status: step.status as StepStatus,
    exitCode: step.exitCode,
  };
}

/**
 * What is stored of a step's log from byte `from` on, about `maxBytes` of it, words of the platform or of the command but
 * never both; null when nothing is there (yet).
 * Rows are looked at before the step's row: whoever drops rows names the object in the same transaction, so what is
 * no longer in rows is found in the object.
 */
export async function readLog(
  db: Db,
  store: BlobStore,
  stepId: string,
  from: bigint,
  maxBytes = pieceBytes,
): Promise<LogPiece | null> {
  const piece = await readStored(db, store, stepId, from, maxBytes);
  return piece === null ? null : cutByVoice(piece, await platformRanges(db, stepId));
}

/** The same without a look at whose words they are. */
export async function readStored(
  db: Db,
  store: BlobStore,
  stepId: string,
  from: bigint,
  maxBytes: number,
): Promise<RawPiece | null> {
  const fromRows = piecesFrom(await findChunks(db, stepId, from, maxBytes), from);
  if (fromRows !== null) return fromRows;
  const state = await findLogState(db, stepId);
  if (state.logRef !== null) {
    const piece = await readObject(store, state.logRef, from, maxBytes);
    if (piece !== null) return piece;
  }
  // rows that came between the two looks, or rows behind an object
  return state.bytes > from ? piecesFrom(await findChunks(db, stepId, from, maxBytes), from) : null;
}

async function platformRanges(db: Db, stepId: string): Promise<[number, number][]> {
  const step = await db.pipelineStep.findUnique({
    where: { id: stepId },
    select: { platformRanges: true },
  });
  return (step?.platformRanges ?? []) as [number, number][];
}

/** The beginning of a piece, up to where the other one begins to speak. */
function cutByVoice({ offset, data }: RawPiece, ranges: readonly [number, number][]): LogPiece {
  const from = Number(offset);
  const next = ranges.find(([, behind]) => behind > from);
  if (next === undefined) return { offset, data, isPlatform: false };
  const isPlatform = next[0] <= from;
  const until = isPlatform ? next[1] : next[0];
  return { offset, data: data.subarray(0, until - from), isPlatform };
}

function piecesFrom(chunks: { offset: bigint; data: Uint8Array }[], from: bigint): RawPiece | null {
  const parts: Uint8Array[] = [];
  let at = from;
  for (const { offset, data } of chunks) {
    // a row behind a hole is not ours to give: the bytes before it are in the object
    if (offset > at) break;
    const rest = data.subarray(Number(at - offset));
    parts.push(rest);
    at += BigInt(rest.length);
  }
  return at > from ? { offset: from, data: Buffer.concat(parts) } : null;
}

async function readObject(
  store: BlobStore,
  key: string,
  from: bigint,
  maxBytes: number,
): Promise<RawPiece | null> {
  const head = await store.head(key);
  if (head === null || BigInt(head.bytes) <= from) return null;
  const body = await store.get(key, { start: Number(from) });
  if (body === null) return null;
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    parts.push(part);
    length += part.length;
    // leaving the loop destroys the stream
    if (length >= maxBytes) break;
  }
  const bytes = Buffer.concat(parts);
  const isLast = from + BigInt(length) >= BigInt(head.bytes);
  return { offset: from, data: isLast ? bytes : bytes.subarray(0, wholeCharacters(bytes)) };
}

/** A part of a log for whoever comes back for the next one. */
export interface LogPart extends Pick<LogState, 'status' | 'exitCode'> {
  pieces: LogPiece[];
  /** byte offset behind them: where the next part begins */
  next: bigint;
  /** the step has ended, and this is all of its log */
  isEnd: boolean;
}

/** What is stored of a log from byte `from` on, about `maxBytes` of it. */
export async function readLogPart(
  db: Db,
  store: BlobStore,
  stepId: string,
  from: bigint,
  maxBytes = 1024 * 1024,
): Promise<LogPart> {
  const pieces: LogPiece[] = [];
  // Asked before the log is read: what is written in between comes with the next part.
  const { status, exitCode, bytes } = await findLogState(db, stepId);
  let next = from;
  while (next - from < BigInt(maxBytes)) {
    const left = Math.max(4096, Math.min(pieceBytes, maxBytes - Number(next - from)));
    const piece = await readLog(db, store, stepId, next, left);
    if (piece === null) break;
    pieces.push(piece);
    next = piece.offset + BigInt(piece.data.length);
  }
  return { pieces, next, status, exitCode, isEnd: ended.has(status) && next >= bytes };
}

export interface FollowOptions {
  stepId: string;
  from: bigint;
  signal: AbortSignal;
  /** safety net beside the announcements, ms */
  pollMs?: number;
  maxBytes?: number;
}

/**
 * A step's log from byte `from` on as it grows. The caller's pace is the pace of reading: nothing is kept for a slow
 * one. Ends when the step has ended and all of its log was given, or when `signal` fires.
 */
export async function* followLog(
  db: Db,
  store: BlobStore,
  hub: LogHub,
  { stepId, from, signal, pollMs = 1000, maxBytes = 256 * 1024 }: FollowOptions,
): AsyncGenerator<LogPiece, LogState | null> {
  const follower = hub.follow(stepId);
  try {
    for (let at = from, misses = 0; !signal.aborted;) {
      const piece = await readLog(db, store, stepId, at, maxBytes);
      if (piece !== null) {
        yield piece;
        at = piece.offset + BigInt(piece.data.length);
        misses = 0;
        continue;
      }
      const state = await findLogState(db, stepId);
      // bytes that are promised but not found are looked for again, yet not for ever: the object may be gone
      const isMissing = state.bytes > at && misses++ < 5;
      if (ended.has(state.status) && !isMissing) return state;
      await follower.next(isMissing ? 20 : pollMs, signal);
    }
    return null;
  } finally {
    follower.stop();
  }
}
