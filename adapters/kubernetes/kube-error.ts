import { DomainError } from '../../contracts/problems.ts';
import { foreignWords } from '../../contracts/shared/foreign-words.ts';

/** An answer of the API server that is no success, or none at all (`status` 0). */
export class KubeError extends Error {
  readonly status: number;
  /** the word of Kubernetes: `Conflict`, `Expired`, `AlreadyExists` … */
  readonly reason: string;
  readonly retryAfterMs: number | null;

  constructor(status: number, reason: string, message: string, retryAfterMs: number | null = null) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the same call may do better in a moment. 409 is not among them: it takes a new read first. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export function isStatus(error: unknown, ...statuses: number[]): boolean {
  return error instanceof KubeError && statuses.includes(error.status);
}

/** The failure in our own words; `what` names the object. An error that is none of the API server's is passed on. */
export function asDomainError(error: unknown, what: string): unknown {
  if (!(error instanceof KubeError)) return error;
  // What an object holds is dumped into the message at length, and is nobody's business.
  const said = foreignWords(
    error.message.replace(/Invalid value: [^\s"]*[{[].*[}\]]: /s, 'Invalid value: '),
    1000,
  );
  if (error.isPassing) {
    return new DomainError('unavailable', `The cluster does not answer for ${what}: ${said}`, {
      retryAfterSeconds: Math.ceil((error.retryAfterMs ?? 5000) / 1000),
      cause: error,
    });
  }
  switch (error.status) {
    case 401:
      return new DomainError('unavailable', `The cluster does not take our credentials: ${said}`, {
        cause: error,
      });
    case 403:
      if (/is being terminated/.test(said)) {
        return new DomainError('unavailable', `The cluster refuses ${what}: ${said}`, {
          retryAfterSeconds: 10,
          cause: error,
        });
      }
      // An admission webhook refuses what is in the object; anything else refuses us.
      return new DomainError(
        /admission webhook|violates|exceeded quota/.test(said) ? 'validation_failed' : 'forbidden',
        `The cluster refuses ${what}: ${said}`,
        { cause: error },
      );
    case 404:
      return new DomainError('not_found', `The cluster has no ${what}`, { cause: error });
    case 409:
      return new DomainError('unavailable', `${what} is being changed by others: ${said}`, {
        retryAfterSeconds: 5,
        cause: error,
      });
    default:
      return new DomainError('validation_failed', `The cluster refuses ${what}: ${said}`, {
        errors: [{ pointer: '', detail: said }],
        cause: error,
      });
  }
}
