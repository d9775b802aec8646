import { createGunzip } from 'node:zlib';
import { pipeline, Readable } from 'node:stream';
import type { ReadableStream as WebStream } from 'node:stream/web';
import type { Context } from 'hono';
import type { ByteStream } from '../../../contracts/git/store.ts';
import { DomainError } from '../../../contracts/problems.ts';
import type { AppEnv } from '../../env.ts';

/** The request's body as it comes from the socket, unzipped when it is zipped; never held as a whole. */
export function gitRequestBody(c: Context<AppEnv>): ByteStream {
  const env = c.env as { incoming?: unknown } | undefined;
  // `c.req.raw.body` is not even touched where there is a socket: its getter begins to read.
  const raw =
    env?.incoming instanceof Readable
      ? env.incoming
      : Readable.fromWeb((c.req.raw.body ?? new ReadableStream()) as WebStream<Uint8Array>);
  const encoding = c.req.header('content-encoding') ?? 'identity';
  if (encoding === 'identity') return raw as AsyncIterable<Uint8Array>;
  if (encoding !== 'gzip' && encoding !== 'x-gzip') {
    throw new DomainError('unsupported_media_type', 'The body may be gzipped, nothing else.');
  }
  // An error of either side ends the other; the reader of the unzipped side sees it.
  return pipeline(raw, createGunzip(), () => undefined) as AsyncIterable<Uint8Array>;
}

/** Throws `unsupported_media_type` unless the request says that it is what git sends to this service. */
export function requireGitRequest(c: Context<AppEnv>, service: string): void {
  const type = (c.req.header('content-type') ?? '').split(';')[0]?.trim();
  if (type !== `application/x-${service}-request`) {
    throw new DomainError('unsupported_media_type', `Send application/x-${service}-request.`);
  }
}

/**
 * Answers with a stream, at the client's pace: nothing is read ahead. A failure before the first byte is a problem
 * like any other; later the connection is broken off, for a shortened body must not look whole.
 */
export async function streamResponse(
  stream: ByteStream,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const iterator = stream[Symbol.asyncIterator]();
  let next = await iterator.next().catch((error: unknown) => {
    if (signal.aborted) throw new DomainError('unavailable', 'The client went away.');
    throw error;
  });
  let first = true;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          if (!first) next = await iterator.next();
          first = false;
          if (next.done === true) controller.close();
          else controller.enqueue(next.value);
        } catch {
          controller.error(new Error('the answer broke off'));
        }
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { status: 200, headers: { ...headers } });
}

/** Answers of git must never be kept by anything between. */
export const uncached = {
  'cache-control': 'no-cache, max-age=0, must-revalidate',
  expires: 'Fri, 01 Jan 1980 00:00:00 GMT',
  pragma: 'no-cache',
} as const;
