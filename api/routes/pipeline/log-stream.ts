import { readLog, type LogPiece, type LogState } from '../../../domain/pipeline/read-log.ts';
import { PlainText } from '../../../contracts/shared/plain-text.ts';
import type { BlobStore } from '../../../domain/shared/blob-store.ts';
import type { PrismaClient } from '../../../prisma/generated/client.ts';

export const heartbeatMs = 15_000;

const encoder = new TextEncoder();

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
 * A followed log as server-sent events. Pieces are read when the client takes them, so a slow client costs one piece
 * of memory; a quiet log sends a comment now and then to keep proxies from closing the connection.
 * `stop` is fired when the stream has ended or the client has gone.
 */
export function sseStream(
  pieces: AsyncGenerator<LogPiece, LogState | null>,
  stop: AbortController,
  everyMs = heartbeatMs,
): ReadableStream<Uint8Array> {
  let next: Promise<IteratorResult<LogPiece, LogState | null>> | undefined;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        // the answer's head leaves with the first bytes: a client knows at once that it is connected
        controller.enqueue(encoder.encode('retry: 1000\n\n'));
      },
      async pull(controller) {
        next ??= pieces.next();
        const result = await withHeartbeat(next, everyMs);
        if (result === 'quiet') {
          controller.enqueue(encoder.encode(': still here\n\n'));
          return;
        }
        next = undefined;
        if (result.done !== true) {
          controller.enqueue(encoder.encode(logEvent(result.value)));
          return;
        }
        if (result.value !== null) controller.enqueue(encoder.encode(endEvent(result.value)));
        controller.close();
        stop.abort();
      },
      async cancel() {
        stop.abort();
        await pieces.return(null);
      },
    },
    { highWaterMark: 1 },
  );
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
export function plainStream(
  db: PrismaClient,
  store: BlobStore,
  stepId: string,
  { from, isRaw }: { from: bigint; isRaw: boolean },
): ReadableStream<Uint8Array> {
  let at = from;
  const decoder = new TextDecoder();
  const plain = new PlainText();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const piece = await readLog(db, store, stepId, at);
        if (piece === null) {
          controller.close();
          return;
        }
        at = piece.offset + BigInt(piece.data.length);
        const text = isRaw ? '' : plain.push(decoder.decode(piece.data, { stream: true }));
        controller.enqueue(isRaw ? piece.data : encoder.encode(text));
      },
    },
    { highWaterMark: 1 },
  );
}
