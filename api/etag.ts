import { createHash } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import type { AppEnv } from './env.ts';

/** A strong entity tag of a record, from its content. */
export function etagOf(record: unknown): string {
  const text = JSON.stringify(record);
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`;
}

const coding = '-gzip"';

/** The tag of the same record sent as gzip: other bytes have another strong tag (RFC 9110, 8.8.3.3). */
export function codedEtag(tag: string): string {
  return tag.endsWith('"') ? tag.slice(0, -1) + coding : tag;
}

function plainEtag(tag: string): string {
  return tag.endsWith(coding) ? `${tag.slice(0, -coding.length)}"` : tag;
}

/**
 * Tags of an If-Match or If-None-Match, as records have them, however they were sent. A proxy that packs an answer may have made its tag a weak one, so `W/` is passed
 * over: what was packed is the same record.
 */
export function tagsOf(header: string): string[] {
  return header.split(',').map((tag) => plainEtag(tag.trim().replace(/^W\//, '')));
}

/** Answers a changed record with the ETag that reading it gives. */
export function answerWithEtag(c: Context<AppEnv>, record: object): Response {
  c.header('etag', etagOf(record));
  return c.json(record, 200);
}

/** Gives the JSON of a record its ETag, and 304 to a client that has it already. A handler may set a tag of its own. */
export const etag: MiddlewareHandler<AppEnv> = async (c, next) => {
  const json = c.json;
  let tag: string | null = null;
  c.json = ((body: object, status?: number, ...rest: []) => {
    if (status === undefined || status === 200) tag = etagOf(body);
    return json(body, status as 200, ...rest);
  }) as typeof json;
  await next();
  tag = c.res.headers.get('etag') ?? tag;
  if (c.res.status !== 200 || tag === null) return;
  c.header('etag', tag);
  const known = c.req.header('if-none-match');
  if (known === undefined || !tagsOf(known).includes(tag)) return;
  const headers = new Headers(c.res.headers);
  headers.delete('content-type');
  headers.delete('content-length');
  c.res = undefined;
  c.res = new Response(null, { status: 304, headers });
};
