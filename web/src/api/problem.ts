/** One field that the server refused: JSON pointer and what was expected. */
export interface FieldProblem {
  pointer: string;
  detail: string;
}

interface ProblemBody {
  title?: string;
  detail?: string;
  code?: string;
  requestId?: string;
  errors?: FieldProblem[];
}

/** An answer of the API that is not 2xx (RFC 9457), or no answer at all (`status` 0). */
export class ApiProblem extends Error {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly code: string;
  readonly requestId: string | null;
  readonly errors: FieldProblem[];

  constructor(status: number, body: ProblemBody, requestId: string | null) {
    super(body.detail ?? body.title ?? `HTTP ${status}`);
    this.name = 'ApiProblem';
    this.status = status;
    this.title = body.title ?? (status === 0 ? 'No connection' : 'Something went wrong');
    this.detail = body.detail ?? '';
    this.code = body.code ?? 'internal';
    this.requestId = body.requestId ?? requestId;
    this.errors = body.errors ?? [];
  }

  /** Message for a field of a form, by its top-level name. */
  forField(name: string): string | undefined {
    return this.errors.find((error) => error.pointer.replace(/^[#/]+/, '').split('/')[0] === name)
      ?.detail;
  }
}

/** Turns anything thrown into a problem that can be shown. */
export function toProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  const detail = 'Slipway did not answer. Nothing was changed; check the connection and try again.';
  return new ApiProblem(0, { title: 'No connection', detail, code: 'unavailable' }, null);
}

/** The problem in an answer that is not 2xx. */
export function problemOf(response: Response, body: unknown): ApiProblem {
  const told = typeof body === 'object' && body !== null ? body : {};
  return new ApiProblem(response.status, told, response.headers.get('x-request-id'));
}
