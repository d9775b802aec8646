import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Context, MiddlewareHandler } from 'hono';
import { preferredEncoding } from '../accepted-encoding.ts';
import type { AppEnv } from '../env.ts';
import { codedEtag } from '../etag.ts';

const gzipped = promisify(gzip);

/** Below this a packet is one packet either way. */
const worthwhileBytes = 1400;

/**
 * JSON that was read: not what a POST answers, which may hold a token that was just made, and not what a handler sends
 * by itself (event streams, git, files).
 */
function isCompressible(c: Context<AppEnv>): boolean {
  const { res } = c;
  if (c.req.method !== 'GET' || res.status !== 200 || res.body === null) return false;
  if (res.headers.has('content-encoding')) return false;
  return /^application\/json\b/.test(res.headers.get('content-type') ?? '');
}

/**
 * Answers of JSON go out as gzip to whoever takes it. By hand, for hono's own middleware compresses the shortest
 * answers too and makes each entity tag a weak one, which `If-Match` must refuse.
 */
export const compressAnswers: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  if (!isCompressible(c)) return;
  c.header('vary', 'accept-encoding', { append: true });
  if (preferredEncoding(c.req.header('accept-encoding'), ['gzip']) === null) return;
  const answer = c.res;
  const body = Buffer.from(await answer.arrayBuffer());
  const headers = new Headers(answer.headers);
  if (body.length < worthwhileBytes) {
    c.res = new Response(body, { status: answer.status, headers });
    return;
  }
  const packed = await gzipped(body);
  headers.set('content-encoding', 'gzip');
  headers.set('content-length', String(packed.length));
  const etag = headers.get('etag');
  if (etag !== null) headers.set('etag', codedEtag(etag));
  // the old answer's headers would be laid over the new one's
  c.res = undefined;
  c.res = new Response(packed, { status: answer.status, headers });
};
