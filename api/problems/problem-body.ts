import type { Context } from 'hono';
import { z } from '@hono/zod-openapi';
import { type ProblemCode, type ProblemDetail, problems } from '../../contracts/problems.ts';
import type { AppEnv } from '../env.ts';

export const problemMediaType = 'application/problem+json';

/** RFC 9457 body with Slipway's extensions `code`, `requestId` and `errors`. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    instance: z.string(),
    code: z.string(),
    requestId: z.string(),
    errors: z
      .array(
        z.object({
          pointer: z.string(),
          detail: z.string(),
          rule: z.string().optional(),
          file: z.string().optional(),
          line: z.int().optional(),
        }),
      )
      .optional(),
  })
  .openapi('Problem');

export interface ProblemOptions {
  detail?: string;
  errors?: readonly ProblemDetail[];
  retryAfterSeconds?: number;
  headers?: Readonly<Record<string, string>>;
}

/** The one place that builds a problem answer. */
export function problemResponse(
  c: Context<AppEnv>,
  code: ProblemCode,
  options: ProblemOptions = {},
): Response {
  const { status, title } = problems[code];
  const body = {
    type: `${publicUrl(c)}/problems/${code.replaceAll('_', '-')}`,
    title,
    status,
    ...(options.detail === undefined ? {} : { detail: options.detail }),
    instance: c.req.path,
    code,
    requestId: c.get('requestId'),
    ...(options.errors && options.errors.length > 0 ? { errors: options.errors } : {}),
  };
  const headers: Record<string, string> = { 'content-type': problemMediaType, ...options.headers };
  if (options.retryAfterSeconds !== undefined) {
    headers['retry-after'] = String(Math.max(1, Math.ceil(options.retryAfterSeconds)));
  }
  return c.body(JSON.stringify(body), { status, headers });
}

/** Address that people use, without a slash at the end. */
export function publicUrl(c: Context<AppEnv>): string {
  const { publicUrl: configured, host, port } = c.get('services').config.server;
  return (configured ?? `http://${host}:${port}`).replace(/\/+$/, '');
}

/** Responses for a route's documentation: one problem per status, and one for every other status that is not a success. */
export function problemResponses(codes: readonly ProblemCode[]) {
  const content = { [problemMediaType]: { schema: problemSchema } };
  return {
    ...Object.fromEntries(
      codes.map((code) => [problems[code].status, { description: problems[code].title, content }]),
    ),
    default: { description: 'Another problem; `code` says which', content },
  };
}
