import type { Context, MiddlewareHandler } from 'hono';
import { DomainError } from '../../contracts/problems.ts';
import type { AppEnv } from '../env.ts';
import { assertShallow, findUnstorable, isUnstorable } from './json-text.ts';

const jsonType = /^application\/([\w.-]+\+)?json\s*(;|$)/i;

function tooLarge(limit: number): DomainError {
  return new DomainError('body_too_large', `A body here has at most ${limit} bytes.`);
}

/** Reads the whole body, whatever Content-Length claims, and stops at the limit. */
async function readLimited(c: Context<AppEnv>, limit: number): Promise<Uint8Array> {
  const claimed = Number(c.req.header('content-length') ?? 0);
  if (claimed > limit) throw tooLarge(limit);
  const stream: AsyncIterable<Uint8Array> | null = c.req.raw.body;
  if (!stream) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of stream) {
    total += chunk.byteLength;
    if (total > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, total);
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new DomainError('malformed_body', 'The body is not UTF-8.');
  }
}

function parse(text: string): unknown {
  assertShallow(text);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new DomainError('malformed_body', 'The body is not JSON.');
  }
}

/**
 * Reads and checks a JSON body before any schema sees it: size, media type, UTF-8, depth, texts that cannot be stored.
 * A body of another media type is 415 even where none is expected, which also keeps HTML forms of other sites out.
 */
export function readBody(limit: number, required: boolean): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const bytes = await readLimited(c, limit);
    const text = decode(bytes);
    // Later readers (validators, idempotency) take the text from hono's cache; it holds promises of its values.
    c.req.bodyCache.text = Promise.resolve(text) as unknown as string;
    if (text === '' && !required) return next();
    if (!jsonType.test(c.req.header('content-type') ?? '')) {
      throw new DomainError('unsupported_media_type', 'Send application/json.');
    }
    const errors = findUnstorable(parse(text));
    if (errors.length > 0) {
      throw new DomainError('validation_failed', 'The body holds text that cannot be kept.', {
        errors,
      });
    }
    return next();
  };
}

/** Path and query may not hold what a body may not. A broken percent-encoding is a bad request as well. */
export const checkAddress: MiddlewareHandler<AppEnv> = async (c, next) => {
  const url = c.req.url;
  if (url.length > 8192)
    throw new DomainError('uri_too_long', 'An address has at most 8192 characters.');
  const at = url.indexOf('/', 8);
  let decoded: string;
  try {
    decoded = decodeURIComponent(url.slice(at).replaceAll('+', ' '));
  } catch {
    throw new DomainError('validation_failed', 'The address is not percent-encoded UTF-8.');
  }
  if (isUnstorable(decoded)) throw new DomainError('validation_failed', 'The address holds NUL.');
  await next();
};
