import createClient from 'openapi-fetch';
import { problemOf, toProblem } from './problem.ts';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

export interface CallOptions {
  path?: Record<string, string>;
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  signal?: AbortSignal;
}

// Shapes of answers are in types.ts: the document of the API is made from routes that this page does not import.
const client = createClient<Record<string, Record<Method, never>>>({
  baseUrl: location.origin,
  headers: { accept: 'application/json' },
}) as unknown as {
  request: (
    method: Method,
    url: string,
    options: unknown,
  ) => Promise<{ data?: unknown; error?: unknown; response: Response }>;
};

let onSignedOut: () => void = () => undefined;

/** What to do when the session has ended: shown by the application as the sign-in page. */
export function whenSignedOut(callback: () => void): void {
  onSignedOut = callback;
}

/**
 * One operation of the API, by its path template (`/api/v1/projects/{owner}/{project}`).
 * Throws `ApiProblem` for everything but 2xx.
 */
export async function call<T>(method: Method, url: string, options: CallOptions = {}): Promise<T> {
  let result: { data?: unknown; error?: unknown; response: Response };
  try {
    result = await client.request(method, url, {
      params: { path: options.path ?? {}, query: options.query ?? {} },
      ...(options.body === undefined ? {} : { body: options.body }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw toProblem(error);
  }
  if (!result.response.ok) {
    const problem = problemOf(result.response, result.error);
    if (problem.status === 401 && !url.startsWith('/api/v1/auth/')) onSignedOut();
    throw problem;
  }
  return result.data as T;
}
