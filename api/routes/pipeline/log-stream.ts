import { Readable } from 'node:stream';
import { readLog, type LogPiece, type LogState } from '../../../domain/pipeline/read-log.ts';
import { PlainText } from '../../../contracts/shared/plain-text.ts';
import type { BlobStore } from '../../../domain/shared/blob-store.ts';
import type { PrismaClient } from '../../../prisma/generated/client.ts';
import { streamBody } from '../../direct-answer.ts';
import type { DirectBody } from '../../direct-body.ts';

export const heartbeatMs = 15_000;

/** A piece as clients read it: the text as it is stored. */
export function pieceBody(piece: LogPiece): {
  offset: number;
  text: string;
  by: 'platform' | 'step';
} {
  return {
    offset: Number(piece.offset),
    text: piece.data.toString('utf8'),
    by: piece.isPlatform ? 'platform' : 'step',
  };
}

/** One server-sent event per piece: its id is the offset behind it, so that a follower resumes there. */
export function logEvent(piece: LogPiece): string {
  const next = piece.offset + BigInt(piece.data.length);
  const data = JSON.stringify(pieceBody(piece));
  return `id: ${String(next)}\nevent: log\ndata: ${data}\n\n`;
}

export function endEvent(state: LogState): string {
  return `event: end\ndata: ${JSON.stringify({ status: state.status, exitCode: state.exitCode })}\n\n`;
}

/**
 * A followed log as server-sent events. A piece is read when the client has taken the one before, so a slow client costs
 * one piece of memory; a quiet log sends a comment now and then to keep proxies from closing the connection.
 */
export async function* followEvents(
  pieces: AsyncGenerator<LogPiece, LogState | null>,
  everyMs = heartbeatMs,
): AsyncGenerator<string, void> {
  // the answer's head leaves with the first bytes: a client knows at once that it is connected
  yield 'retry: 1000\n\n';
  let next: Promise<IteratorResult<LogPiece, LogState | null>> | undefined;
  try {
    for (;;) {
      next ??= pieces.next();
      const result = await withHeartbeat(next, everyMs);
      if (result === 'quiet') {
        yield ': still here\n\n';
        continue;
      }
      next = undefined;
      if (result.done !== true) {
        yield logEvent(result.value);
        continue;
      }
      if (result.value !== null) yield endEvent(result.value);
      return;
    }
  } finally {
    await pieces.return(null);
  }
}

async function withHeartbeat<T>(result: Promise<T>, everyMs: number): Promise<T | 'quiet'> {
  let timer: NodeJS.Timeout | undefined;
  const quiet = new Promise<'quiet'>((resolve) => {
    timer = setTimeout(() => {
      resolve('quiet');
    }, everyMs);
  });
  try {
    return await Promise.race([result, quiet]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * What is stored of a log now, from `from` on, read as the client takes it: without anything that only a terminal
 * understands, unless it is wanted as it is.
 */
export async function* plainPieces(
  db: PrismaClient,
  store: BlobStore,
  stepId: string,
  { from, isRaw }: { from: bigint; isRaw: boolean },
): AsyncGenerator<Buffer | string, void> {
  let at = from;
  const decoder = new TextDecoder();
  const plain = new PlainText();
  for (
    let piece = await readLog(db, store, stepId, at);
    piece !== null;
    piece = await readLog(db, store, stepId, at)
  ) {
    at = piece.offset + BigInt(piece.data.length);
    const text = isRaw ? piece.data : plain.push(decoder.decode(piece.data, { stream: true }));
    if (text.length > 0) yield text;
  }
}

/**
 * A body that begins when it is sent and not before: nobody waits for one that is never taken, be it that the head alone
 * was asked for or that its connection closes before its turn.
 * @param begin told when the client has gone
 * @param onEnd called when it is over, or will never begin; perhaps more than once
 */
export function begunWhenSent(
  begin: (gone: AbortSignal) => AsyncGenerator<Buffer | string, void>,
  onEnd: () => void = () => undefined,
): DirectBody {
  return {
    send: (to) => {
      const gone = new AbortController();
      to.once('close', () => {
        gone.abort();
        onEnd();
      });
      // In bytes: one piece ahead of the client is enough.
      const options = { objectMode: false, highWaterMark: 1 };
      streamBody(Readable.from(begin(gone.signal), options)).send(to);
    },
    drop: onEnd,
  };
}
