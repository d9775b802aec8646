import { Readable } from 'node:stream';
import type { ReadableStream as WebStream } from 'node:stream/web';
import type { Context } from 'hono';
import type { BodyEncoding, ByteStream } from '../../../contracts/git/store.ts';
import { DomainError } from '../../../contracts/problems.ts';
import { answerDirectly, streamBody } from '../../direct-answer.ts';
import type { AppEnv } from '../../env.ts';

/** The request's body as it comes from the socket, never held as a whole, and how it is encoded. */
export function gitRequestBody(c: Context<AppEnv>): { input: ByteStream; encoding: BodyEncoding } {
  const encoding = c.req.header('content-encoding') ?? 'identity';
  if (!['identity', 'gzip', 'x-gzip'].includes(encoding)) {
    throw new DomainError('unsupported_media_type', 'The body may be gzipped, nothing else.');
  }
  const env = c.env as { incoming?: unknown } | undefined;
  // `c.req.raw.body` is not even touched where there is a socket: its getter begins to read.
  const input =
    env?.incoming instanceof Readable
      ? env.incoming
      : Readable.fromWeb((c.req.raw.body ?? new ReadableStream()) as WebStream<Uint8Array>);
  return { input, encoding: encoding === 'identity' ? 'identity' : 'gzip' };
}

/** Throws `unsupported_media_type` unless the request says that it is what git sends to this service. */
export function requireGitRequest(c: Context<AppEnv>, service: string): void {
  const type = (c.req.header('content-type') ?? '').split(';')[0]?.trim();
  if (type !== `application/x-${service}-request`) {
    throw new DomainError('unsupported_media_type', `Send application/x-${service}-request.`);
  }
}

/**
 * Answers with a stream, at the client's pace. A failure before the first byte is a problem like any other; later the
 * connection is broken off, for a shortened body must not look whole.
 */
export async function streamResponse(
  c: Context<AppEnv>,
  stream: ByteStream,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const source = stream instanceof Readable ? stream : Readable.from(stream, { objectMode: false });
  // Whoever waits for it hears of a failure; one that comes while nobody does must not end the process.
  source.on('error', () => undefined);
  await begun(source).catch((error: unknown) => {
    if (c.req.raw.signal.aborted) throw new DomainError('unavailable', 'The client went away.');
    throw error;
  });
  return answerDirectly(c, headers, streamBody(source));
}

/** Waits for the first bytes, the end or the failure of a stream. */
function begun(source: Readable): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      source.off('readable', settle).off('end', settle).off('error', reject);
      if (error === undefined) resolve();
    };
    source.on('readable', settle).on('end', settle).once('error', reject);
  });
}

/** Answers of git must never be kept by anything between. */
export const uncached = {
  'cache-control': 'no-cache, max-age=0, must-revalidate',
  expires: 'Fri, 01 Jan 1980 00:00:00 GMT',
  pragma: 'no-cache',
} as const;
