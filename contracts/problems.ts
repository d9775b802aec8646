/**
 * The closed list of problem codes. The same code is `DomainError.code`, the `type` of a Temporal ApplicationFailure,
 * and `code` in an RFC 9457 body. A failure that is not in the list is a bug and reaches a client as `internal`.
 */
export const problems = {
  validation_failed: { status: 400, title: 'The request is not valid' },
  malformed_request: { status: 400, title: 'The request could not be read' },
  malformed_body: { status: 400, title: 'The body could not be read' },
  unauthenticated: { status: 401, title: 'Sign in first' },
  invalid_credentials: { status: 401, title: 'Name or password is wrong' },
  forbidden: { status: 403, title: 'You may not do this' },
  csrf_refused: { status: 403, title: 'The request came from another site' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  request_timeout: { status: 408, title: 'The request did not arrive in time' },
  conflict: { status: 409, title: 'It conflicts with what is there' },
  already_exists: { status: 409, title: 'It exists already' },
  illegal_transition: { status: 409, title: 'Not possible in this state' },
  merge_blocked: { status: 409, title: 'It cannot be merged as it is' },
  idempotency_conflict: {
    status: 409,
    title: 'This Idempotency-Key was used with another request',
  },
  protected: { status: 409, title: 'It is protected' },
  precondition_failed: { status: 412, title: 'It was changed in the meantime' },
  body_too_large: { status: 413, title: 'The body is too large' },
  uri_too_long: { status: 414, title: 'The address is too long' },
  unsupported_media_type: { status: 415, title: 'Media type not supported' },
  unprocessable: { status: 422, title: 'It cannot be processed' },
  pipeline_definition_invalid: { status: 422, title: 'The pipeline definition is not valid' },
  secret_unavailable: { status: 422, title: 'A secret is not available here' },
  rate_limited: { status: 429, title: 'Too many requests' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'Something went wrong' },
  unavailable: { status: 503, title: 'A part of Slipway is not available' },
  sealed: { status: 503, title: 'Secrets are sealed' },
  timed_out: { status: 503, title: 'It took too long' },
  disk_full: { status: 507, title: 'No space left' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof problems;

/**
 * What passes by itself or when a person makes room or gives a key, yet may just as well not: whoever works in the
 * background tries it again each time later, and not without end.
 */
export const waitedFor: ReadonlySet<ProblemCode> = new Set([
  'sealed',
  'disk_full',
  'rate_limited',
  'timed_out',
]);

/** One thing that was wrong with a request: where (JSON pointer) and what was expected. */
export interface ProblemDetail {
  pointer: string;
  detail: string;
  /** the rule that was broken: 'required', 'max', 'uuid' … */
  rule?: string;
  /** where a fault of a file is: its path and line (from 1); `pointer` then reads `path:line` */
  file?: string;
  line?: number;
}

/** An expected failure, told in the words of the user. Never put a secret or an unknown error's message in `detail`. */
export class DomainError extends Error {
  readonly code: ProblemCode;
  readonly errors: ProblemDetail[];
  /** seconds after which a retry makes sense (429, 503) */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ProblemCode,
    detail: string,
    options: { errors?: ProblemDetail[]; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DomainError';
    this.code = code;
    this.errors = options.errors ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}
