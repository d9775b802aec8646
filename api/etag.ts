import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { DomainError } from '../contracts/problems.ts';
import type { AppEnv } from './env.ts';

/** A strong entity tag of a record, from its content. */
export function etagOf(record: unknown): string {
  const text = JSON.stringify(record);
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`;
}

/** Answers a record with its ETag, or 304 when the client has it already. */
export function answerWithEtag(c: Context<AppEnv>, record: object): Response {
  const etag = etagOf(record);
  c.header('etag', etag);
  const known = (c.req.header('if-none-match') ?? '').split(',').map((tag) => tag.trim());
  return known.includes(etag) ? c.body(null, 304) : c.json(record, 200);
}

/** Holds a change to the version that its `If-Match` names; without the header the last one wins. */
export async function requireMatch(c: Context<AppEnv>, read: () => Promise<object>): Promise<void> {
  const wanted = c.req.header('if-match');
  if (wanted === undefined || wanted.trim() === '*') return;
  const tags = wanted.split(',').map((tag) => tag.trim());
  if (!tags.includes(etagOf(await read()))) {
    throw new DomainError('precondition_failed', 'Somebody changed it since you read it.');
  }
}
