import type { Context } from 'hono';
import type { z } from '@hono/zod-openapi';
import { DomainError, type ProblemDetail } from '../../contracts/problems.ts';
import type { AppEnv } from '../env.ts';
import { classifyError } from './classify-error.ts';
import { problemResponse } from './problem-body.ts';

/** git asks for a name and a password only when the server names Basic. */
function challenge(c: Context<AppEnv>): string {
  return `${/\.git\/(info|git-)/.test(c.req.path) ? 'Basic' : 'Bearer'} realm="Slipway"`;
}

/** Every thrown value ends here. The unknown is logged with its cause and told as `internal` with a fixed title. */
export function handleError(error: unknown, c: Context<AppEnv>): Response {
  const { code, detail, known, retryAfterSeconds } = classifyError(error);
  const fields = { requestId: c.get('requestId'), path: c.req.path, method: c.req.method, code };
  const { log } = c.get('services');
  if (!known) log.error({ ...fields, err: error }, 'request failed');
  else if (code === 'unavailable') log.warn({ ...fields, err: error }, 'a part is not available');
  return problemResponse(c, code, {
    ...(detail === undefined ? {} : { detail }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(error instanceof DomainError ? { errors: error.errors } : {}),
    ...(code === 'unauthenticated' ? { headers: { 'www-authenticate': challenge(c) } } : {}),
  });
}

const places: Readonly<Record<string, string>> = {
  json: '#',
  form: '#',
  query: '#/query',
  param: '#/path',
  header: '#/headers',
  cookie: '#/cookies',
};

/** zod's issue codes in the words that clients know. */
function ruleOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_small':
      return 'min';
    case 'too_big':
      return 'max';
    case 'invalid_type':
      return issue.message.includes('received undefined') ? 'required' : 'type';
    case 'invalid_value':
      return 'oneof';
    case 'invalid_format':
      return issue.format;
    case 'unrecognized_keys':
      return 'unknown';
    case 'custom': {
      const rule: unknown = issue.params?.['rule'];
      return typeof rule === 'string' ? rule : 'custom';
    }
    default:
      return issue.code;
  }
}

function escapePointer(part: PropertyKey): string {
  return String(part).replaceAll('~', '~0').replaceAll('/', '~1');
}

/** JSON pointers and rules of everything that zod found wrong; an unknown key is pointed at itself. */
export function issuesToDetails(
  issues: readonly z.core.$ZodIssue[],
  root: string,
): ProblemDetail[] {
  return issues.slice(0, 50).flatMap((issue) => {
    const base = [root, ...issue.path.map(escapePointer)].join('/');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.slice(0, 50).map((key) => ({
        pointer: `${base}/${escapePointer(key)}`,
        detail: 'This key is not known here',
        rule: 'unknown',
      }));
    }
    return [{ pointer: base, detail: issue.message, rule: ruleOf(issue) }];
  });
}

type ValidationResult = { target: string } & (
  { success: true; data: unknown } | { success: false; error: z.ZodError }
);

/** Hook of every validator: a request that does not fit its schema is 400 with a pointer per mistake. */
export function handleValidation(
  result: ValidationResult,
  c: Context<AppEnv>,
): Response | undefined {
  if (result.success) return undefined;
  const errors = issuesToDetails(result.error.issues, places[result.target] ?? '#');
  return problemResponse(c, 'validation_failed', {
    detail: 'See errors for what was wrong and where.',
    errors,
  });
}

export function handleNotFound(c: Context<AppEnv>): Response {
  return problemResponse(c, 'not_found', { detail: 'There is nothing at this address.' });
}
